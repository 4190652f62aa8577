package connections

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"stile/internal/secret"
	"stile/internal/sfn"
)

// Store keeps the connections; what it says is done is durable. It orders nothing.
type Store interface {
	Put(name string, value []byte) error
	Delete(name string) error
	Each(f func(name string, value []byte) bool) error
}

// Sealer seals values for places. fresh says that nothing is sealed yet.
type Sealer interface {
	Seal(place string, v secret.Value, fresh bool) ([]byte, error)
	Open(place string, sealed []byte) (secret.Value, error)
}

// Checks tell what is wrong with what a file of the project could not have either;
// "" is nothing.
type Checks struct {
	// Header judges the name of a header, Endpoint the address of a token endpoint.
	Header, Endpoint func(text string) string
}

// Config is what a Book is made of; all of it is required.
type Config struct {
	Store Store
	Key   Sealer
	Check Checks
	// Declared gives the connections of the project's files as they stand, with
	// Name, Description, Type and Auth.
	Declared        func() []Connection
	Region, Account string
	Now             func() time.Time
	// NewID makes a UUID.
	NewID func() string
}

// Book is all connections. All methods may be called at any time from any goroutine.
// Refusals are *sfn.Error.
type Book struct {
	cfg Config

	changing sync.Mutex // held for one change, its write included
	mu       sync.RWMutex
	made     map[string]*entry // never changed once it is in
}

// entry is a connection that was made over the API, with its sealed values by field.
type entry struct {
	Connection
	version uint64 // counts the changes
	sealed  map[string]sealed
}

// sealed is one value; version is the connection's when it was given.
type sealed struct {
	Version uint64 `json:"version"`
	Data    []byte `json:"data"`
}

// Open reads the connections from their store.
func Open(c Config) (*Book, error) {
	b := &Book{cfg: c, made: map[string]*entry{}}
	var bad error
	err := c.Store.Each(func(name string, value []byte) bool {
		var e *entry
		if e, bad = b.decode(name, value); bad != nil {
			return false
		}
		b.made[name] = e
		return true
	})
	return b, errors.Join(err, bad)
}

func (b *Book) arn(name, id string) string {
	return "arn:aws:events:" + b.cfg.Region + ":" + b.cfg.Account + ":connection/" + name + "/" + id
}

// secretARN is the one under which AWS would keep the values: six characters end
// every ARN of Secrets Manager.
func (b *Book) secretARN(name, id string) string {
	return "arn:aws:secretsmanager:" + b.cfg.Region + ":" + b.cfg.Account + ":secret:events!connection/" + name + "/" + id + "-" + strings.ReplaceAll(id, "-", "")[:6]
}

func (b *Book) entry(name string) *entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.made[name]
}

// Sealed says how many connections have values that only the data key opens.
func (b *Book) Sealed() int { return len(b.sealedNames()) }

// Locked says why the values that are kept cannot be opened, by the first of them;
// nil is that they can, or that there are none.
func (b *Book) Locked() error {
	for _, name := range b.sealedNames() {
		e := b.entry(name)
		for _, field := range slices.Sorted(maps.Keys(e.sealed)) {
			_, err := b.cfg.Key.Open(placeOf(e.ID, field), e.sealed[field].Data)
			return err
		}
	}
	return nil
}

func (b *Book) sealedNames() (names []string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for name, e := range b.made {
		if len(e.sealed) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// declared gives the project's connection of a name.
func (b *Book) declared(name string) (Connection, bool) {
	list := b.cfg.Declared()
	i := slices.IndexFunc(list, func(c Connection) bool { return c.Name == name })
	if i < 0 {
		return Connection{}, false
	}
	return b.complete(list[i]), true
}

// complete adds what a file does not say. Any ID names a connection of the project,
// so that this one tells nothing.
func (b *Book) complete(c Connection) Connection {
	c.ID, c.State = "00000000-0000-0000-0000-000000000000", Authorized
	c.ARN = b.arn(c.Name, c.ID)
	return c
}

// Find gives the connection of an ARN, of those that were made over the API.
func (b *Book) Find(arn string) (Connection, bool) {
	parts := strings.Split(arn, "/")
	if len(parts) != 3 {
		return Connection{}, false
	}
	if e := b.entry(parts[1]); e != nil && e.ARN == arn {
		return e.Connection, true
	}
	return Connection{}, false
}

// DescribeConnection gives a connection by its name.
func (b *Book) DescribeConnection(_ context.Context, name string) (Connection, error) {
	if c, ok := b.declared(name); ok {
		return c, nil
	}
	if e := b.entry(name); e != nil {
		return e.Connection, nil
	}
	return Connection{}, notThere(name)
}

// MaxPage is the page size where none is asked for, and the most that one holds
// (EventBridge's LimitMax100).
const MaxPage = 100

// ListConnections gives a page of connections by name, and the token of the next
// page ("" at the end).
func (b *Book) ListConnections(_ context.Context, q Query) ([]Connection, string, error) {
	after, err := openToken(q.Token)
	if err != nil {
		return nil, "", err
	}
	by := map[string]Connection{}
	b.mu.RLock()
	for name, e := range b.made {
		by[name] = e.Connection
	}
	b.mu.RUnlock()
	for _, c := range b.cfg.Declared() {
		by[c.Name] = b.complete(c)
	}
	var all []Connection
	for _, c := range by {
		if c.Name > after && strings.HasPrefix(c.Name, q.Prefix) && (q.State == "" || q.State == c.State) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Connection) int { return strings.Compare(a.Name, b.Name) })
	size := MaxPage
	if q.Max > 0 {
		size = min(q.Max, MaxPage)
	}
	if len(all) <= size {
		return all, "", nil
	}
	return all[:size], After(all[size-1].Name), nil
}

// Fetch is secret.Source: it opens one value of a connection.
func (b *Book) Fetch(_ context.Context, ref secret.Ref) (secret.Value, error) {
	parts := strings.Split(ref.Place(), "/")
	if len(parts) != 4 {
		return secret.Value{}, errChanged
	}
	name, id, field, version := parts[0], parts[1], parts[2], parts[3]
	e := b.entry(name)
	if e == nil || e.ID != id {
		return secret.Value{}, errChanged
	}
	kept, ok := e.sealed[field]
	if !ok || strconv.FormatUint(kept.Version, 10) != version {
		return secret.Value{}, errChanged
	}
	return b.cfg.Key.Open(placeOf(id, field), kept.Data)
}

var errChanged = errors.New("the connection was changed or deleted since the call began")

// placeOf is what a value is sealed for: it opens for no other connection or field.
func placeOf(id, field string) string { return "connection/" + id + "/" + field }

func refOf(name, id, field string, version uint64) secret.Ref {
	return secret.KeptAt(name + "/" + id + "/" + field + "/" + strconv.FormatUint(version, 10))
}

func notThere(name string) *sfn.Error {
	return &sfn.Error{Code: "ResourceNotFoundException", Message: "Failed to describe the connection(s). Connection '" + name + "' does not exist."}
}

// Resources are the names that a role may have for a connection, its ARN first: as
// IAM has it, without the ID, which nobody knows before it is made.
func Resources(region, account, name string) []string {
	return []string{"arn:aws:events:" + region + ":" + account + ":connection/" + name, "connection/" + name}
}
