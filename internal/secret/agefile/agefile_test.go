package agefile_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"stile/internal/secret"
	"stile/internal/secret/agefile"
)

const canary = "canary-age-77b0"

func TestFetch(t *testing.T) {
	dir := t.TempDir()
	ours, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("keys.txt", []byte("# made for a test\n"+ours.String()+"\n"))
	write("odd-keys.txt", []byte(canary))
	write("plain", sealed(t, ours.Recipient(), canary+"\n", false))
	write("armoured", sealed(t, ours.Recipient(), canary, true))
	write("stranger", sealed(t, theirs.Recipient(), canary, false))
	write("large", sealed(t, ours.Recipient(), strings.Repeat(canary, 1<<13), false))
	damaged := sealed(t, ours.Recipient(), canary, false)
	damaged[len(damaged)-1] ^= 1
	write("damaged", damaged)
	write("open", []byte(canary))
	for _, tt := range []struct{ keys, ref, want string }{
		{"keys.txt", "age://plain", ""},
		{"keys.txt", "age://armoured", ""},
		{"keys.txt", "age://stranger", "none of the identities"},
		{"keys.txt", "age://damaged", "damaged"},
		{"keys.txt", "age://open", "not encrypted with age"},
		{"keys.txt", "age://gone", "no such file"},
		{"keys.txt", "age://large", "larger than"},
		{"gone.txt", "age://plain", "the age identities"},
		{"odd-keys.txt", "age://plain", "age-keygen"},
		{"", "age://plain", "STILE_AGE_IDENTITY"},
	} {
		ref, err := secret.Parse(tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		keys := tt.keys
		if keys != "" {
			keys = filepath.Join(dir, keys)
		}
		got, err := agefile.New(func() string { return keys }).Fetch(t.Context(), ref.Under(dir))
		switch {
		case tt.want == "" && (err != nil || got.Reveal() != canary):
			t.Errorf("%s: %v", tt.ref, err)
		case tt.want != "" && (err == nil || !got.Empty() || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary)):
			t.Errorf("%s with %s: %v; want %q", tt.ref, tt.keys, err, tt.want)
		}
	}
}

func sealed(t *testing.T, to age.Recipient, text string, armoured bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.Writer = &out
	end := func() error { return nil }
	if armoured {
		a := armor.NewWriter(&out)
		w, end = a, a.Close
	}
	e, err := age.Encrypt(w, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(e, text); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
