package connections

import (
	"cmp"
	"context"
	"slices"
	"time"

	"stile/internal/sfn"
)

// CreateConnection makes a connection. Its secrets are sealed before anything is
// written.
func (b *Book) CreateConnection(_ context.Context, in New) (Connection, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	if _, ok := b.declared(in.Name); ok {
		return Connection{}, &sfn.Error{Code: "ResourceAlreadyExistsException", Message: "Connection " + in.Name + " already exists: it is a file of the project."}
	}
	if b.entry(in.Name) != nil {
		return Connection{}, &sfn.Error{Code: "ResourceAlreadyExistsException", Message: "Connection " + in.Name + " already exists."}
	}
	if err := b.validate(in.Type, in.Auth); err != nil {
		return Connection{}, err
	}
	if len(b.made) >= MaxConnections { // only changes write it
		return Connection{}, &sfn.Error{Code: "LimitExceededException", Message: "The requested resource exceeds the maximum number allowed."}
	}
	e := &entry{Connection: Connection{Name: in.Name, ID: b.cfg.NewID(), Description: in.Description, Type: in.Type, Auth: in.Auth.clone()}}
	e.ARN, e.Created = b.arn(e.Name, e.ID), b.now()
	return b.authorize(e, nil)
}

// UpdateConnection changes a connection. One that was deauthorized is authorized
// again where all that its kind of authorization needs is given.
func (b *Book) UpdateConnection(_ context.Context, u Update) (Connection, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	old, err := b.own(u.Name)
	if err != nil {
		return Connection{}, err
	}
	e := &entry{Connection: old.Connection, version: old.version + 1, sealed: old.sealed}
	if u.Description != nil {
		e.Description = *u.Description
	}
	if u.Type == "" && u.Auth == (Auth{}) {
		e.Modified = b.now()
		return e.Connection, b.put(e)
	}
	e.Type = cmp.Or(u.Type, old.Type)
	e.Auth = old.Auth.clone()
	e.Auth.overlay(u.Auth, e.Type != old.Type)
	if err := b.validate(e.Type, e.Auth); err != nil {
		return Connection{}, err
	}
	return b.authorize(e, old.sealed)
}

// authorize seals what is new of a connection, takes over the rest, and writes it.
func (b *Book) authorize(e *entry, before map[string]sealed) (Connection, error) {
	e.sealed = map[string]sealed{}
	fresh := b.Sealed() == 0
	for _, s := range e.Auth.secrets() {
		if s.at.Given.Empty() {
			e.sealed[s.field] = before[s.field]
			continue
		}
		data, err := b.cfg.Key.Seal(placeOf(e.ID, s.field), s.at.Given, fresh)
		if err != nil {
			return Connection{}, &sfn.Error{Code: "InvalidStateException", Message: "The connection's secrets cannot be kept: " + err.Error() + "."}
		}
		e.sealed[s.field] = sealed{e.version, data}
		*s.at = Secret{Ref: refOf(e.Name, e.ID, s.field, e.version)}
	}
	e.State, e.Reason = Authorized, ""
	e.Modified = b.now()
	e.Authorized, e.SecretARN = e.Modified, b.secretARN(e.Name, e.ID)
	return e.Connection, b.put(e)
}

// deauthorizedReason is why a connection has no authorization.
const deauthorizedReason = "DeauthorizeConnection took the authorization parameters away"

// DeauthorizeConnection takes all authorization from a connection: its values are
// gone. Calls with it fail until it is updated.
func (b *Book) DeauthorizeConnection(_ context.Context, name string) (Connection, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	old, err := b.own(name)
	if err != nil || old.State == Deauthorized {
		return old.Connection, err
	}
	e := &entry{Connection: old.Connection, version: old.version + 1}
	e.Auth, e.SecretARN = Auth{}, ""
	e.State, e.Reason, e.Modified = Deauthorized, deauthorizedReason, b.now()
	return e.Connection, b.put(e)
}

// DeleteConnection deletes a connection; its name may be used again.
func (b *Book) DeleteConnection(_ context.Context, name string) (Connection, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	old, err := b.own(name)
	if err != nil {
		return Connection{}, err
	}
	if err := b.cfg.Store.Delete(name); err != nil {
		return Connection{}, err
	}
	b.mu.Lock()
	delete(b.made, name)
	b.mu.Unlock()
	c := old.Connection
	c.State = Deleting
	return c, nil
}

// own gives a connection that may be changed here; what it gives is not to be.
func (b *Book) own(name string) (*entry, error) {
	if _, ok := b.declared(name); ok {
		return &entry{}, &sfn.Error{Code: "InvalidStateException", Message: "Connection '" + name + "' is a file of the project, connections/" + name + ".yaml: change the file."}
	}
	if e := b.entry(name); e != nil {
		return e, nil
	}
	return &entry{}, notThere(name)
}

func (b *Book) now() time.Time { return time.UnixMilli(b.cfg.Now().UnixMilli()) }

// put writes a connection and shows it; changing is held.
func (b *Book) put(e *entry) error {
	value, err := e.encode()
	if err != nil {
		return err
	}
	if err := b.cfg.Store.Put(e.Name, value); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made[e.Name] = e
	return nil
}

// slot is a place of a secret, by a name that stands in its reference.
type slot struct {
	field string
	at    *Secret
}

// secrets are the secrets of an Auth in a fixed order, to read or write.
func (a *Auth) secrets() (out []slot) {
	add := func(field string, s *Secret) { out = append(out, slot{field, s}) }
	if a.Basic != nil {
		add("password", &a.Basic.Password)
	}
	if a.APIKey != nil {
		add("api-key", &a.APIKey.Value)
	}
	if a.OAuth != nil {
		add("client-secret", &a.OAuth.ClientSecret)
		a.OAuth.HTTP.secrets("oauth-", add)
	}
	a.Invocation.secrets("invocation-", add)
	return out
}

func (h *HTTP) secrets(prefix string, add func(string, *Secret)) {
	for _, list := range h.lists() {
		for i := range *list.of {
			if p := &(*list.of)[i]; p.IsSecret {
				add(prefix+list.name+"-"+itoa(i), &p.Secret)
			}
		}
	}
}

// clone copies an Auth, so that the copy's secrets can be written.
func (a Auth) clone() Auth {
	if a.Basic != nil {
		c := *a.Basic
		a.Basic = &c
	}
	if a.APIKey != nil {
		c := *a.APIKey
		a.APIKey = &c
	}
	if a.OAuth != nil {
		c := *a.OAuth
		c.HTTP = c.HTTP.clone()
		a.OAuth = &c
	}
	a.Invocation = a.Invocation.clone()
	return a
}

func (h *HTTP) clone() *HTTP {
	if h == nil {
		return nil
	}
	return &HTTP{slices.Clone(h.Header), slices.Clone(h.Query), slices.Clone(h.Body)}
}

// overlay lays what is given over a; other says that the kind of authorization
// changes, so that nothing of the one before is left.
func (a *Auth) overlay(over Auth, other bool) {
	over = over.clone()
	if other {
		a.Basic, a.APIKey, a.OAuth = nil, nil, nil
	}
	if o := over.Basic; o != nil {
		if a.Basic != nil {
			o.Username, o.Password = cmp.Or(o.Username, a.Basic.Username), o.Password.or(a.Basic.Password)
		}
		a.Basic = o
	}
	if o := over.APIKey; o != nil {
		if a.APIKey != nil {
			o.Name, o.Value = cmp.Or(o.Name, a.APIKey.Name), o.Value.or(a.APIKey.Value)
		}
		a.APIKey = o
	}
	if o := over.OAuth; o != nil {
		if was := a.OAuth; was != nil {
			o.ClientID, o.ClientSecret = cmp.Or(o.ClientID, was.ClientID), o.ClientSecret.or(was.ClientSecret)
			o.Endpoint, o.Method = cmp.Or(o.Endpoint, was.Endpoint), cmp.Or(o.Method, was.Method)
			o.HTTP = cmp.Or(o.HTTP, was.HTTP)
		}
		a.OAuth = o
	}
	a.Invocation = cmp.Or(over.Invocation, a.Invocation)
}

func (s Secret) or(before Secret) Secret {
	if s.Given.Empty() {
		return before
	}
	return s
}
