//go:build !linux && !darwin

package disk

import (
	"errors"
	"os"
)

func usage(string) (Usage, error) { return Usage{}, ErrUnknown }

func preallocate(*os.File, int64) error { return errors.ErrUnsupported }
