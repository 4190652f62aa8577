package connections

import (
	"encoding/json"
	"fmt"
	"time"
)

// recordFormat is the first byte of a record.
const recordFormat = 1

// record is a connection in the store, by its name; JSON behind the format's byte.
// Secret values are in Sealed alone, by the names that Auth.secrets gives them.
type record struct {
	ID          string            `json:"id"`
	Version     uint64            `json:"version"`
	Description string            `json:"description,omitempty"`
	State       string            `json:"state"`
	Reason      string            `json:"reason,omitempty"`
	Type        string            `json:"type"`
	Created     int64             `json:"created"` // Unix ms
	Modified    int64             `json:"modified"`
	Authorized  int64             `json:"authorized,omitempty"`
	Basic       *recordBasic      `json:"basic,omitempty"`
	APIKey      *recordAPIKey     `json:"apiKey,omitempty"`
	OAuth       *recordOAuth      `json:"oauth,omitempty"`
	Invocation  *recordHTTP       `json:"invocation,omitempty"`
	Sealed      map[string]sealed `json:"sealed,omitempty"`
}

type recordBasic struct {
	Username string `json:"username"`
}

type recordAPIKey struct {
	Name string `json:"name"`
}

type recordOAuth struct {
	ClientID string      `json:"clientId"`
	Endpoint string      `json:"endpoint"`
	Method   string      `json:"method"`
	HTTP     *recordHTTP `json:"http,omitempty"`
}

type recordHTTP struct {
	Header []recordParameter `json:"header,omitempty"`
	Query  []recordParameter `json:"query,omitempty"`
	Body   []recordParameter `json:"body,omitempty"`
}

type recordParameter struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Secret bool   `json:"secret,omitempty"`
}

func (e *entry) encode() ([]byte, error) {
	r := record{ID: e.ID, Version: e.version, Description: e.Description, State: e.State, Reason: e.Reason, Type: e.Type,
		Created: e.Created.UnixMilli(), Modified: e.Modified.UnixMilli(), Invocation: recordOf(e.Auth.Invocation), Sealed: e.sealed}
	if !e.Authorized.IsZero() {
		r.Authorized = e.Authorized.UnixMilli()
	}
	if a := e.Auth.Basic; a != nil {
		r.Basic = &recordBasic{a.Username}
	}
	if a := e.Auth.APIKey; a != nil {
		r.APIKey = &recordAPIKey{a.Name}
	}
	if a := e.Auth.OAuth; a != nil {
		r.OAuth = &recordOAuth{a.ClientID, a.Endpoint, a.Method, recordOf(a.HTTP)}
	}
	text, err := json.Marshal(r)
	return append([]byte{recordFormat}, text...), err
}

func recordOf(h *HTTP) *recordHTTP {
	if h == nil {
		return nil
	}
	of := func(list []Parameter) (out []recordParameter) {
		for _, p := range list {
			value := p.Value
			if p.IsSecret {
				value = ""
			}
			out = append(out, recordParameter{p.Key, value, p.IsSecret})
		}
		return out
	}
	return &recordHTTP{of(h.Header), of(h.Query), of(h.Body)}
}

func (h *recordHTTP) read() *HTTP {
	if h == nil {
		return nil
	}
	of := func(list []recordParameter) (out []Parameter) {
		for _, p := range list {
			out = append(out, Parameter{Key: p.Key, Value: p.Value, IsSecret: p.Secret})
		}
		return out
	}
	return &HTTP{of(h.Header), of(h.Query), of(h.Body)}
}

// decode reads a record. Values that are sealed are not opened for it.
func (b *Book) decode(name string, value []byte) (*entry, error) {
	var r record
	if len(value) == 0 || value[0] != recordFormat {
		return nil, fmt.Errorf("the record of connection %s has a format that is not known here", name)
	}
	if err := json.Unmarshal(value[1:], &r); err != nil {
		return nil, fmt.Errorf("the record of connection %s cannot be read: %w", name, err)
	}
	e := &entry{version: r.Version, sealed: r.Sealed, Connection: Connection{Name: name, ID: r.ID, ARN: b.arn(name, r.ID), Description: r.Description,
		State: r.State, Reason: r.Reason, Type: r.Type, Created: time.UnixMilli(r.Created), Modified: time.UnixMilli(r.Modified)}}
	if r.Authorized != 0 {
		e.Authorized = time.UnixMilli(r.Authorized)
	}
	e.Auth.Invocation = r.Invocation.read()
	if a := r.Basic; a != nil {
		e.Auth.Basic = &BasicAuth{Username: a.Username}
	}
	if a := r.APIKey; a != nil {
		e.Auth.APIKey = &APIKeyAuth{Name: a.Name}
	}
	if a := r.OAuth; a != nil {
		e.Auth.OAuth = &OAuthAuth{ClientID: a.ClientID, Endpoint: a.Endpoint, Method: a.Method, HTTP: a.HTTP.read()}
	}
	for _, s := range e.Auth.secrets() {
		kept, ok := r.Sealed[s.field]
		if !ok {
			return nil, fmt.Errorf("the record of connection %s lacks %s", name, s.field)
		}
		s.at.Ref = refOf(name, r.ID, s.field, kept.Version)
	}
	if e.State == Authorized {
		e.SecretARN = b.secretARN(name, r.ID)
	}
	return e, nil
}
