package console

import (
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Backups takes backups of the data folder.
type Backups interface {
	// Begin makes a copy that everything acknowledged before is in. recipients are age
	// recipients; without any the copy has no keys. A refusal is *sfn.Error: one backup
	// is under way at most.
	Begin(ctx context.Context, recipients []string) (Backup, error)
}

// Backup is a copy, ready to be sent.
type Backup interface {
	// Write sends the archive; after an error what was sent is no whole one.
	Write(ctx context.Context, w io.Writer) error
	// Close removes the copy and lets the next backup begin.
	Close() error
}

// backup streams an archive of the data folder.
func (c *console) backup(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	recipients, err := recipientsOf(v)
	if err == nil {
		err = c.permit(r.Context(), "stile:Backup", "backup")
	}
	if err == nil && c.Backups == nil {
		err = &sfn.Error{Code: "NotFound", Message: "this server takes no backups"}
	}
	var b Backup
	if err == nil {
		b, err = c.Backups.Begin(r.Context(), recipients)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	secure(w.Header(), pagePolicy)
	w.Header().Set("Content-Type", "application/zstd")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "stile-backup.tar.zst"}))
	conn := http.NewResponseController(w)
	err = b.Write(r.Context(), &unstalled{w, conn})
	_ = conn.SetWriteDeadline(time.Time{}) // the connection's next answer has its own time
	if closing := b.Close(); closing != nil {
		c.Log.Error("the copy of a backup could not be removed; the next start removes it", "error", closing)
	}
	if err != nil {
		if r.Context().Err() == nil {
			c.Log.Error("a backup was cut", "error", err)
		}
		panic(http.ErrAbortHandler) // the answer must not look whole
	}
}

// backupStall is how long a reader of a backup may take for one piece: its copy takes
// room, and no other backup begins meanwhile.
const backupStall = 2 * time.Minute

// unstalled writes to a reader who must go on reading.
type unstalled struct {
	io.Writer
	conn *http.ResponseController
}

func (u *unstalled) Write(p []byte) (int, error) {
	_ = u.conn.SetWriteDeadline(time.Now().Add(backupStall)) // a writer of a test has no connection
	return u.Writer.Write(p)
}

// recipientsOf reads the member recipients, a list of strings.
func recipientsOf(v jsonval.Value) ([]string, error) {
	list := v.Get("recipients")
	if !list.Exists() || list.IsNull() {
		return nil, nil
	}
	refused := &sfn.Error{Code: "BadRecipients", Message: "recipients must be a list of at most 20 age recipients"}
	if list.Kind() != jsonval.ArrayKind || list.Len() > 20 {
		return nil, refused
	}
	var out []string
	for _, item := range list.Items() {
		s, ok := item.Str()
		if !ok {
			return nil, refused
		}
		out = append(out, s)
	}
	return out, nil
}
