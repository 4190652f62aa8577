package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"stile/internal/backup"
)

// backupResult is what `stile backup -o json` prints.
type backupResult struct {
	File  string    `json:"file"`
	Bytes int64     `json:"bytes"`
	Keys  bool      `json:"keys"`
	Time  time.Time `json:"time"`
}

func (c *command) backup() *cobra.Command {
	var to string
	var recipients []string
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Take a backup of the server's data folder while it runs",
		Long: "backup writes one archive of all executions, state machines, activities and the audit as they stand;\n" +
			"the server goes on meanwhile. Keys are in it only encrypted, to every --recipient, an age recipient\n" +
			"whose identity you keep elsewhere. The file gets its name once it has been read back and found whole.",
		Example: "  stile backup --to stile.tar.zst --recipient age1…\n  stile backup --to - --recipient age1… | ssh vault 'cat > stile.tar.zst'",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usage("name the file with --to FILE, or --to - for stdout")
			}
			if is, err := os.Stat(to); to != "-" && err == nil && !is.Mode().IsRegular() {
				return usage("--to %s is no file; name one, or --to - for stdout", to)
			}
			if _, err := backup.ParseRecipients(recipients); err != nil {
				return usage("--recipient %v", err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if len(recipients) == 0 {
				fmt.Fprintln(c.Err, c.paint(c.Err, yellow, "no --recipient:"), "the keys are not in this backup, and open callbacks and tokens will not survive it")
			}
			r, err := c.takeBackup(ctx, to, recipients)
			if err != nil || to == "-" {
				return err
			}
			if c.output == "json" {
				return c.printJSON(r)
			}
			keys := "with keys"
			if !r.Keys {
				keys = "without keys"
			}
			fmt.Fprintf(c.Out, "%s  %s  %s\n", r.File, bytesText(r.Bytes), keys)
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the file to write, or - for stdout")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "age recipient of the keys (age1…); again for more")
	return c.client(cmd)
}

func (c *command) takeBackup(ctx context.Context, to string, recipients []string) (r backupResult, err error) {
	if recipients == nil {
		recipients = []string{}
	}
	body, err := c.open(ctx, "POST", "/backup", map[string]any{"recipients": recipients})
	if err != nil {
		return r, err
	}
	defer body.Close()
	from := &counted{Reader: body, told: c.Err, last: time.Now()}
	r.File = to
	var m backup.Manifest
	if to == "-" {
		m, err = streamBackup(c.Out, from)
	} else {
		m, err = saveBackup(to, from)
	}
	r.Bytes, r.Keys, r.Time = from.n, m.Keys, m.Time
	var gone *lostError
	switch {
	case ctx.Err() != nil:
		return r, &failure{code: exitInterrupted}
	case errors.As(err, &gone):
		return r, &failure{exitUnreachable, "the server ended the backup early; its log may say why"}
	}
	return r, err
}

// lostError says that the server ended the stream, not that a file could not be written.
type lostError struct{ error }

// counted tells how far a download is, once a second.
type counted struct {
	io.Reader
	n    int64
	told io.Writer
	last time.Time
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	if now := time.Now(); now.Sub(r.last) >= time.Second {
		r.last = now
		fmt.Fprintln(r.told, bytesText(r.n))
	}
	if err != nil && err != io.EOF {
		err = &lostError{err}
	}
	return n, err
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}

// streamBackup copies an archive to out and checks it on the way.
func streamBackup(out io.Writer, from io.Reader) (backup.Manifest, error) {
	m, err := backup.Verify(io.TeeReader(from, out), backup.Known{Any: true})
	if err == nil {
		_, err = io.Copy(out, from) // what a decoder left behind the end
	}
	return m, err
}

// saveBackup writes an archive beside its name, reads it back, and names it.
func saveBackup(to string, from io.Reader) (m backup.Manifest, err error) {
	// A file of its own, which nobody else may read: another backup to the same name may
	// be under way, and what lies there may be a link of somebody else's.
	f, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.part")
	if err != nil {
		return m, err
	}
	part := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	m, err = writeAndVerify(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	if err := os.Rename(part, to); err != nil {
		return m, err
	}
	return m, syncFolder(filepath.Dir(to))
}

func writeAndVerify(f *os.File, from io.Reader) (m backup.Manifest, err error) {
	if _, err := io.Copy(f, from); err != nil {
		return m, err
	}
	if err := f.Sync(); err != nil {
		return m, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return m, err
	}
	return backup.Verify(f, backup.Known{Any: true})
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
