package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"stile/internal/app"
	"stile/internal/backup"
)

// restoreResult is what `stile restore -o json` prints.
type restoreResult struct {
	Data      string    `json:"data"`
	Stile     string    `json:"stile"`
	Format    int       `json:"format"`
	Semantics int       `json:"semantics"`
	Time      time.Time `json:"time"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	Keys      bool      `json:"keys"`
}

func (c *command) restore() *cobra.Command {
	var data, identity string
	var without bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data folder of a backup",
		Long: "restore unpacks a backup into a new data folder, on which `stile serve --data` then goes on. It runs\n" +
			"without a server. FILE is - for stdin. A backup that is cut, altered, or of a newer stile is refused,\n" +
			"and nothing of it is left.",
		Example: "  stile restore stile.tar.zst --data /data --identity key.txt",
		Args:    exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case data == "":
				return usage("name the folder to be made with --data DIR")
			case without && identity != "":
				return usage("--identity and --without-keys exclude each other")
			}
			r, err := c.restoreTo(args[0], data, identity, without)
			if err != nil {
				return err
			}
			if !r.Keys {
				fmt.Fprintln(c.Err, c.paint(c.Err, yellow, "without keys:"), "callback URLs, task tokens and role tokens given out before no longer work, "+
					"and calls that are sent again have new Idempotency-Keys; the server makes new keys")
			}
			if c.output == "json" {
				return c.printJSON(r)
			}
			fmt.Fprintf(c.Out, "%s  %s of %s, written by stile %s\n", r.Data, bytesText(r.Bytes), r.Time.UTC().Format(time.RFC3339), r.Stile)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the data folder to make: not there yet, or empty")
	cmd.Flags().StringVar(&identity, "identity", "", "file of the age identity that opens the keys")
	cmd.Flags().BoolVar(&without, "without-keys", false, "leave out the keys that the backup has")
	c.format(cmd, "text", "json")
	return cmd
}

func (c *command) restoreTo(file, data, identity string, without bool) (r restoreResult, err error) {
	o := backup.Options{Archive: c.In, Dir: data, Known: app.Known(), WithoutKeys: without}
	if identity != "" {
		if o.Identities, err = identitiesOf(identity); err != nil {
			return r, err
		}
	}
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return r, err
		}
		defer f.Close() // read alone
		o.Archive = f
	}
	got, err := backup.Restore(o)
	var full *backup.NotEmptyError
	switch {
	case errors.As(err, &full):
		return r, &failure{exitConflict, err.Error()}
	case errors.Is(err, backup.ErrNoIdentity):
		return r, &failure{exitFailed, "the backup has keys: open them with --identity KEYFILE, or leave them out with --without-keys"}
	case err != nil:
		return r, err
	}
	m := got.Manifest
	return restoreResult{data, m.Stile, m.Format, m.Semantics, m.Time, len(m.Files), m.Bytes(), got.Keys}, nil
}

func identitiesOf(path string) (backup.Identities, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read alone
	return backup.ReadIdentities(f)
}
