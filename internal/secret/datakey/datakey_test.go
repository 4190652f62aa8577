package datakey_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"stile/internal/secret"
	"stile/internal/secret/datakey"
)

const canary = "canary-dk-51c0"

func TestSealAndOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.key")
	var seen []string
	k := datakey.New(datakey.Config{Path: path, Make: true, Seen: func(v secret.Value) { seen = append(seen, v.Reveal()) }})
	sealed, err := k.Seal("a/password", secret.NewValue(canary), true)
	if err != nil || bytes.Contains(sealed, []byte(canary)) {
		t.Fatal(err, "or the value lies open")
	}
	is, err := os.Stat(path)
	if err != nil || is.Mode().Perm() != 0o600 {
		t.Fatal(err, is)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	text, _ := os.ReadFile(path)
	if len(seen) == 0 || !strings.Contains(string(text), seen[0]) {
		t.Error("the key is not masked")
	}
	// Another process with the same file, and one with the file of a key before it.
	second, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{string(text), second.String() + "\n" + string(text)} {
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if v, err := datakey.New(datakey.Config{Path: path}).Open("a/password", sealed); err != nil || v.Reveal() != canary {
			t.Errorf("%v", err)
		}
	}
	if _, err := k.Open("b/password", sealed); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("opened for another place: %v", err)
	}
}

func TestAKeyThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data.key")
	sealed, err := datakey.New(datakey.Config{Path: path, Make: true}).Seal("a", secret.NewValue(canary), true)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)-1] ^= 1
	other, odd := filepath.Join(dir, "other.key"), filepath.Join(dir, "odd.key")
	if _, err := datakey.New(datakey.Config{Path: other, Make: true}).Seal("a", secret.NewValue("x"), true); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(odd, []byte("AGE-SECRET-KEY-"+canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key, want string
		sealed    []byte
	}{
		{path, "damaged", damaged}, {path, "damaged", []byte("x")}, {other, "another than", sealed},
		{odd, "age-keygen", sealed}, {filepath.Join(dir, "gone"), "no such file", sealed}, {dir, "cannot be read", sealed},
	} {
		v, err := datakey.New(datakey.Config{Path: tt.key, Make: true}).Open("a", tt.sealed)
		if err == nil || !v.Empty() || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want %q", tt.key, err, tt.want)
		}
	}
	gone := filepath.Join(dir, "gone")
	for _, k := range []*datakey.Key{datakey.New(datakey.Config{Path: gone}), datakey.New(datakey.Config{Path: gone, Make: true})} {
		if _, err := k.Seal("a", secret.NewValue("x"), false); err == nil {
			t.Error("a new key was made while something is sealed with another")
		}
	}
	if _, err := datakey.New(datakey.Config{Path: gone}).Seal("a", secret.NewValue("x"), true); err == nil {
		t.Error("a key was made that nobody asked for")
	}
	if _, err := os.Stat(gone); err == nil {
		t.Error("a file was made")
	}
	none := filepath.Join(dir, "no", "folder", "data.key")
	if _, err := datakey.New(datakey.Config{Path: none, Make: true}).Seal("a", secret.NewValue(canary), true); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("written nowhere: %v", err)
	}
}

func TestInMemory(t *testing.T) {
	k := datakey.New(datakey.Config{})
	sealed, err := k.Seal("a", secret.NewValue(canary), false)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := k.Open("a", sealed); err != nil || v.Reveal() != canary {
		t.Errorf("%v", err)
	}
	if _, err := datakey.New(datakey.Config{}).Open("a", sealed); err == nil {
		t.Error("another process opens it")
	}
}

// TestOneKeyOfMany: of servers that name one file and make it at the same time one
// makes the key, and all seal with it.
func TestOneKeyOfMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.key")
	var all sync.WaitGroup
	sealed := make([][]byte, 16)
	for i := range sealed {
		all.Go(func() {
			var err error
			if sealed[i], err = datakey.New(datakey.Config{Path: path, Make: true}).Seal("a", secret.NewValue(canary), true); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, s := range sealed {
		if _, err := datakey.New(datakey.Config{Path: path}).Open("a", s); err != nil {
			t.Errorf("what server %d sealed: %v", i, err)
		}
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
