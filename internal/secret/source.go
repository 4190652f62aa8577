package secret

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"stile/internal/reach"
)

// Source fetches secrets of one kind of reference.
type Source interface {
	// Fetch reads the secret's current value. Its error says why in words of the
	// source's own; it quotes neither a value nor what a server sent.
	Fetch(ctx context.Context, ref Ref) (Value, error)
}

// Missing is the error where a secret has no value that may be used: there never
// was one, or the last good one is older than it may be.
type Missing struct {
	Ref Ref
	// Since is when it was first asked for in vain, or became too old.
	Since time.Time
	// Reason is why the source gave none.
	Reason string
}

// Error names the reference and the reason.
func (m *Missing) Error() string { return "secret " + m.Ref.String() + ": " + m.Reason }

// maxFile bounds a secret that is read from a file, in bytes.
const maxFile = 64 << 10

// environment and files are the sources that need nothing.
type (
	environment struct{}
	files       struct{}
)

func (environment) Fetch(_ context.Context, r Ref) (Value, error) {
	return NewValue(os.Getenv(r.place)), nil
}

func (files) Fetch(_ context.Context, r Ref) (Value, error) {
	data, err := ReadFile(r.Path())
	return Line(data), err
}

// ReadFile reads the file of a secret, or says in plain words why it cannot.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.New(plain(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, errors.New(plain(err))
	case len(data) > maxFile:
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	return data, nil
}

func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return "the file cannot be read: " + pe.Err.Error()
	}
	return "the file cannot be read"
}

// Line makes a Value of a file's text: one trailing line end is not part of it.
func Line(data []byte) Value {
	return NewValue(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"))
}

// Reason says in fixed words why a server could not be reached. Errors of HTTP
// clients quote addresses and, at times, what was sent; nothing of them is passed
// on.
func Reason(err error) string {
	var (
		dns  *net.DNSError
		auth x509.UnknownAuthorityError
		name x509.HostnameError
		cert x509.CertificateInvalidError
		slow net.Error
		far  *reach.Refused
	)
	switch {
	case errors.As(err, &far):
		return "its address may not be called: it is " + far.What
	case errors.Is(err, context.DeadlineExceeded):
		return "it did not answer in time"
	case errors.Is(err, context.Canceled):
		return "the call was given up"
	case errors.As(err, &dns):
		return "its host name does not resolve"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.As(err, &auth), errors.As(err, &name), errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.As(err, &slow) && slow.Timeout():
		return "it did not answer in time"
	}
	return "it cannot be reached"
}
