// Package agefile reads secrets from files that are encrypted with age: references
// age://PATH. Such a file may lie in version control.
//
// It hides filippo.io/age behind secret.Source; app makes it. The identities that
// open the files stand in one file, as age-keygen writes it.
//
// Invariants: the plain text is in memory only; no error quotes any of it, nor of
// the identities.
package agefile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"stile/internal/secret"
)

// Source opens files with the identities of one file.
type Source struct{ identity func() string }

// New makes a Source. identity gives the path of the file of identities, empty
// where there is none; it is asked, and the file read, at each fetch.
func New(identity func() string) *Source { return &Source{identity} }

// Fetch decrypts the file, binary or armoured. One trailing line end is not part
// of the secret.
func (s *Source) Fetch(_ context.Context, ref secret.Ref) (secret.Value, error) {
	identities, err := s.identities()
	if err != nil {
		return secret.Value{}, err
	}
	data, err := secret.ReadFile(ref.Path())
	if err != nil {
		return secret.Value{}, err
	}
	var in io.Reader = bytes.NewReader(data)
	if strings.HasPrefix(strings.TrimSpace(string(data)), armor.Header) {
		in = armor.NewReader(in)
	}
	out, err := age.Decrypt(in, identities...)
	var stranger *age.NoIdentityMatchError
	switch {
	case errors.As(err, &stranger):
		return secret.Value{}, errors.New("the file is encrypted for none of the identities")
	case err != nil:
		return secret.Value{}, errors.New("the file is not encrypted with age, or damaged")
	}
	text, err := io.ReadAll(out) // is shorter than the file
	if err != nil {
		return secret.Value{}, errors.New("the file is damaged")
	}
	return secret.Line(text), nil
}

func (s *Source) identities() ([]age.Identity, error) {
	path := s.identity()
	if path == "" {
		return nil, errors.New("no file of age identities is known: set STILE_AGE_IDENTITY, or secrets.age-identity in stile.yaml")
	}
	data, err := secret.ReadFile(path)
	if err != nil {
		return nil, errors.New("the age identities: " + err.Error())
	}
	list, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("the file of age identities cannot be read as age-keygen writes it")
	}
	return list, nil
}
