package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"filippo.io/age"

	"stile/internal/kv"
)

// row is one secret row of a store. It is in memory and in keys.age, never in a
// file that can be read without an identity.
type row struct {
	Store string   `json:"store"`
	Space kv.Space `json:"space"`
	Key   []byte   `json:"key"`
	Value []byte   `json:"value"`
}

// keyring is what keys.age holds.
type keyring struct {
	Rows []row `json:"rows"`
}

// seal encrypts keys to all recipients: each of them can open it.
func seal(keys keyring, to []age.Recipient) ([]byte, error) {
	text, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close() // writes the last of it
	return out.Bytes(), err
}

// open decrypts what seal gave, with any of the identities.
func open(sealed []byte, with Identities) (k keyring, err error) {
	in, err := age.Decrypt(bytes.NewReader(sealed), with...)
	var stranger *age.NoIdentityMatchError
	switch {
	case errors.As(err, &stranger):
		return k, errors.New("the backup's keys are encrypted for none of the identities")
	case err != nil:
		return k, damaged("%s cannot be opened", keysName)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxKeys))
	if err != nil || json.Unmarshal(text, &k) != nil {
		return k, damaged("%s cannot be opened", keysName)
	}
	for _, r := range k.Rows {
		if r.Store != Log && r.Store != Config {
			return k, damaged("%s has a row of no store", keysName)
		}
	}
	return k, nil
}

// Identities open the keys of a backup.
type Identities []age.Identity

// ReadIdentities reads a file of age identities, as age-keygen writes it.
func ReadIdentities(r io.Reader) (Identities, error) {
	list, err := age.ParseIdentities(io.LimitReader(r, 1<<20))
	if err != nil { // age's words may quote the line, which is secret
		return nil, errors.New("the file of identities cannot be read as age-keygen writes it")
	}
	return list, nil
}
