package connections

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/secret"
	"stile/internal/sfn"
)

const canary = "canary-conn-3f2a"

// shelf is a store in memory; full makes its writes fail.
type shelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	full bool
}

var errFull = errors.New("disk full")

func (s *shelf) Put(name string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	s.kept[name] = value
	return nil
}

func (s *shelf) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	delete(s.kept, name)
	return nil
}

func (s *shelf) Each(f func(string, []byte) bool) error {
	for name, value := range s.kept {
		if !f(name, value) {
			break
		}
	}
	return nil
}

// seal turns texts around, so that no test sees a value in what is kept; gone makes it
// fail.
type seal struct{ gone bool }

var errGone = errors.New("the data key is gone")

func turned(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] ^= 0x55
	}
	return string(b)
}

func (s *seal) Seal(place string, v secret.Value, _ bool) ([]byte, error) {
	if s.gone {
		return nil, errGone
	}
	return []byte(turned(place + "\x00" + v.Reveal())), nil
}

func (s *seal) Open(place string, sealed []byte) (secret.Value, error) {
	at, v, _ := strings.Cut(turned(string(sealed)), "\x00")
	if s.gone || at != place {
		return secret.Value{}, errGone
	}
	return secret.NewValue(v), nil
}

// desk is a Book with what stands around it.
type desk struct {
	*Book
	shelf    *shelf
	seal     *seal
	declared []Connection
	now      time.Time
	ids      int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{shelf: &shelf{kept: map[string][]byte{}}, seal: &seal{}, now: time.UnixMilli(1_700_000_000_000)}
	d.reopen(t)
	return d
}

func (d *desk) reopen(t *testing.T) {
	t.Helper()
	no := func(bad string) func(string) string {
		return func(s string) string {
			if s == bad {
				return "cannot be this"
			}
			return ""
		}
	}
	b, err := Open(Config{Store: d.shelf, Key: d.seal, Check: Checks{no("Host"), no("http://far.example/")}, Declared: func() []Connection { return d.declared },
		Region: "us-east-1", Account: "111111111111", Now: func() time.Time { return d.now },
		NewID: func() string {
			d.ids++
			return fmt.Sprintf("00000000-0000-4000-8000-%012d", d.ids)
		}})
	if err != nil {
		t.Fatal(err)
	}
	d.Book = b
}

func given(text string) Secret { return Secret{Given: secret.NewValue(text)} }

func oauthNew(name string) New {
	return New{Name: name, Type: OAuth, Auth: Auth{
		OAuth: &OAuthAuth{ClientID: "c", ClientSecret: given(canary + "-client"), Endpoint: "https://a.example/t", Method: "POST",
			HTTP: &HTTP{Body: []Parameter{{Key: "scope", Value: "all"}, {Key: "pin", IsSecret: true, Secret: given(canary + "-pin")}}}},
		Invocation: &HTTP{Header: []Parameter{{Key: "X-Sig", IsSecret: true, Secret: given(canary + "-sig")}}, Query: []Parameter{{Key: "q", Value: "1"}}}}}
}

func (d *desk) create(t *testing.T, in New) Connection {
	t.Helper()
	c, err := d.CreateConnection(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// opened gives every secret of a connection as it is fetched.
func (d *desk) opened(t *testing.T, c Connection) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range c.Auth.secrets() {
		v, err := d.Fetch(t.Context(), s.at.Ref)
		if err != nil {
			t.Errorf("%s: %v", s.field, err)
		}
		out[s.field] = strings.TrimPrefix(v.Reveal(), canary+"-")
	}
	return out
}

func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *sfn.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, text) || strings.Contains(e.Message, canary) {
		t.Errorf("got %v, want %s: …%s…", err, code, text)
	}
}

func TestAConnectionLasts(t *testing.T) {
	d := newDesk(t)
	made := d.create(t, oauthNew("partner"))
	if made.ARN != "arn:aws:events:us-east-1:111111111111:connection/partner/00000000-0000-4000-8000-000000000001" || made.State != Authorized ||
		made.SecretARN != "arn:aws:secretsmanager:us-east-1:111111111111:secret:events!connection/partner/00000000-0000-4000-8000-000000000001-000000" {
		t.Errorf("%+v", made)
	}
	want := "map[client-secret:client invocation-header-0:sig oauth-body-1:pin]"
	for _, when := range []string{"at once", "after a restart"} {
		c, err := d.DescribeConnection(t.Context(), "partner")
		if got := fmt.Sprint(d.opened(t, c)); err != nil || got != want {
			t.Errorf("%s: %s, %v", when, got, err)
		}
		if found, ok := d.Find(made.ARN); !ok || fmt.Sprint(found) != fmt.Sprint(c) || !c.Created.Equal(d.now) {
			t.Errorf("%s: %+v", when, found)
		}
		if text := fmt.Sprintf("%+v %#v", c, d.shelf.kept); strings.Contains(text, canary) {
			t.Errorf("%s: a value lies open", when)
		}
		d.reopen(t)
	}
	if _, ok := d.Find(strings.Replace(made.ARN, "0001", "0002", 1)); ok {
		t.Error("found by another ID")
	}
	if bytes.Contains(d.shelf.kept["partner"], []byte(canary)) {
		t.Error("a value lies open in the store")
	}
}

func TestUpdates(t *testing.T) {
	d := newDesk(t)
	before := d.create(t, oauthNew("partner"))
	d.now = d.now.Add(time.Minute)
	update := func(u Update) Connection {
		t.Helper()
		u.Name = "partner"
		c, err := d.UpdateConnection(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		d.reopen(t)
		again, err := d.made["partner"].encode()
		if got, want := d.opened(t, d.made["partner"].Connection), d.opened(t, c); err != nil || !bytes.Equal(again, d.shelf.kept["partner"]) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("read as %s, written as %s: %v, %v, %v", again, d.shelf.kept["partner"], got, want, err)
		}
		return c
	}
	text := "new"
	if c := update(Update{Description: &text}); c.Description != "new" || !c.Created.Before(c.Modified) || fmt.Sprint(d.opened(t, c)) != fmt.Sprint(d.opened(t, before)) {
		t.Errorf("%+v", c)
	}
	// A part is replaced, the rest stands; what was there is a name for nothing else.
	c := update(Update{Auth: Auth{OAuth: &OAuthAuth{ClientSecret: given(canary + "-second")}}})
	if got := fmt.Sprint(d.opened(t, c)); got != "map[client-secret:second invocation-header-0:sig oauth-body-1:pin]" || c.Auth.OAuth.ClientID != "c" {
		t.Errorf("%s %+v", got, c.Auth.OAuth)
	}
	if v, err := d.Fetch(t.Context(), before.Auth.OAuth.ClientSecret.Ref); err == nil {
		t.Errorf("an old reference opens %q", v.Reveal())
	}
	// A list is replaced as a whole; another kind drops what the one before had.
	c = update(Update{Auth: Auth{Invocation: &HTTP{Body: []Parameter{{Key: "k", IsSecret: true, Secret: given(canary + "-k")}}}}})
	if got := fmt.Sprint(d.opened(t, c)); got != "map[client-secret:second invocation-body-0:k oauth-body-1:pin]" {
		t.Error(got)
	}
	c = update(Update{Type: Basic, Auth: Auth{Basic: &BasicAuth{Username: "ada", Password: given(canary + "-pw")}}})
	if got := fmt.Sprint(d.opened(t, c)); got != "map[invocation-body-0:k password:pw]" || c.Auth.OAuth != nil {
		t.Error(got)
	}
	for name, u := range map[string]Update{"needs AuthParameters.ApiKey": {Type: APIKey},
		"does not go with": {Auth: Auth{APIKey: &APIKeyAuth{Name: "X", Value: given(canary)}}},
		"1.member.Value":   {Auth: Auth{Invocation: &HTTP{Header: []Parameter{{Key: "X", IsSecret: true}}}}}} {
		u.Name = "partner"
		_, err := d.UpdateConnection(t.Context(), u)
		refused(t, err, "ValidationException", name)
	}
}

func TestWhatCannotBeMade(t *testing.T) {
	d := newDesk(t)
	http := func(h *HTTP) Auth { return Auth{Basic: &BasicAuth{"a", given(canary)}, Invocation: h} }
	for text, in := range map[string]New{
		"BASIC needs AuthParameters.BasicAuthParameters":       {Type: Basic},
		"ApiKeyAuthParameters does not go with":                {Type: Basic, Auth: Auth{Basic: &BasicAuth{}, APIKey: &APIKeyAuth{"X", given(canary)}}},
		"BasicAuthParameters.Password is missing":              {Type: Basic, Auth: Auth{Basic: &BasicAuth{Username: "a"}}},
		"ApiKeyName: cannot be this":                           {Type: APIKey, Auth: Auth{APIKey: &APIKeyAuth{"Host", given(canary)}}},
		"HeaderParameters.1.member.Key: cannot be this":        {Type: Basic, Auth: http(&HTTP{Header: []Parameter{{Key: "Host", Value: canary}}})},
		"QueryStringParameters.1.member.Key is missing":        {Type: Basic, Auth: http(&HTTP{Query: []Parameter{{Value: canary}}})},
		"BodyParameters.1.member.Value is missing":             {Type: Basic, Auth: http(&HTTP{Body: []Parameter{{Key: "a", IsSecret: true}}})},
		"AuthorizationEndpoint: cannot be this":                {Type: OAuth, Auth: Auth{OAuth: &OAuthAuth{"c", given(canary), "http://far.example/", "GET", nil}}},
		"OAuthHttpParameters.HeaderParameters.1.member.Key: c": {Type: OAuth, Auth: Auth{OAuth: &OAuthAuth{"c", given(canary), "https://a/", "GET", &HTTP{Header: []Parameter{{Key: "Host"}}}}}},
	} {
		in.Name = "x"
		_, err := d.CreateConnection(t.Context(), in)
		refused(t, err, "ValidationException", text)
	}
	d.create(t, oauthNew("x"))
	_, err := d.CreateConnection(t.Context(), oauthNew("x"))
	refused(t, err, "ResourceAlreadyExistsException", "Connection x already exists.")
	if err := d.Locked(); err != nil {
		t.Error(err)
	}
	d.seal.gone = true
	if err := d.Locked(); !errors.Is(err, errGone) {
		t.Error(err)
	}
	_, err = d.CreateConnection(t.Context(), oauthNew("y"))
	refused(t, err, "InvalidStateException", "data key is gone")
	d.seal.gone, d.shelf.full = false, true
	if _, err = d.CreateConnection(t.Context(), oauthNew("y")); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if len(d.made) != 1 || len(d.shelf.kept) != 1 {
		t.Errorf("%d connections, %d kept", len(d.made), len(d.shelf.kept))
	}
	for i := range MaxConnections - 1 {
		d.made[fmt.Sprint(i)] = &entry{}
	}
	_, err = d.CreateConnection(t.Context(), oauthNew("z"))
	refused(t, err, "LimitExceededException", "maximum")
}

func TestDeauthorizeAndDelete(t *testing.T) {
	d := newDesk(t)
	before := d.create(t, oauthNew("partner"))
	for range 2 {
		c, err := d.DeauthorizeConnection(t.Context(), "partner")
		if err != nil || c.State != Deauthorized || c.Reason == "" || c.SecretARN != "" || c.Auth != (Auth{}) {
			t.Errorf("%+v, %v", c, err)
		}
		d.reopen(t)
	}
	if d.Sealed() != 0 {
		t.Error("values are left")
	}
	if _, err := d.Fetch(t.Context(), before.Auth.OAuth.ClientSecret.Ref); err == nil {
		t.Error("a value is left")
	}
	text := "still"
	if c, err := d.UpdateConnection(t.Context(), Update{Name: "partner", Description: &text}); err != nil || c.State != Deauthorized {
		t.Errorf("%+v, %v", c, err)
	}
	_, err := d.UpdateConnection(t.Context(), Update{Name: "partner", Auth: Auth{OAuth: &OAuthAuth{ClientID: "c"}}})
	refused(t, err, "ValidationException", "ClientSecret is missing")
	again := oauthNew("partner")
	if c, err := d.UpdateConnection(t.Context(), Update{Name: "partner", Auth: again.Auth}); err != nil || c.State != Authorized || c.ARN != before.ARN {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := d.DeleteConnection(t.Context(), "partner"); err != nil || c.State != Deleting {
		t.Errorf("%+v, %v", c, err)
	}
	for _, f := range []func() error{
		func() error { _, err := d.DescribeConnection(t.Context(), "partner"); return err },
		func() error { _, err := d.DeleteConnection(t.Context(), "partner"); return err },
		func() error { _, err := d.DeauthorizeConnection(t.Context(), "partner"); return err },
		func() error { _, err := d.UpdateConnection(t.Context(), Update{Name: "partner"}); return err },
	} {
		refused(t, f(), "ResourceNotFoundException", "Connection 'partner' does not exist.")
	}
	if c := d.create(t, oauthNew("partner")); c.ARN == before.ARN {
		t.Error("an ARN names two connections")
	}
}

// TestFilesWin: what the project has is shown in place of what was made, and is not
// changed here.
func TestFilesWin(t *testing.T) {
	d := newDesk(t)
	d.create(t, oauthNew("partner"))
	d.declared = []Connection{{Name: "partner", Type: Basic, Auth: Auth{Basic: &BasicAuth{Username: "ada"}}}, {Name: "second", Type: Basic}}
	if c, err := d.DescribeConnection(t.Context(), "partner"); err != nil || c.Type != Basic || c.State != Authorized || c.ARN == "" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err := d.CreateConnection(t.Context(), oauthNew("second"))
	refused(t, err, "ResourceAlreadyExistsException", "Connection second already exists")
	for _, f := range []func(context.Context, string) (Connection, error){d.DeleteConnection, d.DeauthorizeConnection,
		func(ctx context.Context, name string) (Connection, error) {
			return d.UpdateConnection(ctx, Update{Name: name})
		}} {
		_, err := f(t.Context(), "partner")
		refused(t, err, "InvalidStateException", "connections/partner.yaml: change the file")
	}
	if list, _, err := d.ListConnections(t.Context(), Query{}); err != nil || len(list) != 2 || list[0].Type != Basic {
		t.Errorf("%+v, %v", list, err)
	}
	d.declared = nil
	if c, err := d.DescribeConnection(t.Context(), "partner"); err != nil || c.Type != OAuth {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLists(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"b", "a-2", "a-1", "c"} {
		d.create(t, oauthNew(name))
	}
	d.declared = []Connection{{Name: "a-3", Type: Basic}}
	if _, err := d.DeauthorizeConnection(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	all := func(q Query) (out string) {
		for {
			page, next, err := d.ListConnections(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				out += c.Name + " "
			}
			if q.Token = next; next == "" {
				return out
			}
			out += "| "
		}
	}
	for want, q := range map[string]Query{"a-1 a-2 a-3 b c ": {}, "a-1 a-2 | a-3 b | c ": {Max: 2}, "a-1 a-2 a-3 ": {Prefix: "a-"},
		"c ": {State: Deauthorized}, "a-1 | a-2 | a-3 | b ": {State: Authorized, Max: 1}, "": {State: "CREATING"}} {
		if got := all(q); got != want {
			t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
	for _, token := range []string{"x", "!", "YQ"} {
		_, _, err := d.ListConnections(t.Context(), Query{Token: token})
		refused(t, err, "ValidationException", "NextToken")
	}
}

// TestRecordsThatCannotBeRead are told of at the start, and hide none of what lacks.
func TestRecordsThatCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.create(t, oauthNew("partner"))
	good := d.shelf.kept["partner"]
	var r map[string]any
	if err := json.Unmarshal(good[1:], &r); err != nil {
		t.Fatal(err)
	}
	delete(r["sealed"].(map[string]any), "client-secret")
	lacking, _ := json.Marshal(r)
	for want, value := range map[string][]byte{"format": append([]byte{9}, good[1:]...), "cannot be read": good[:20], "lacks client-secret": append([]byte{1}, lacking...)} {
		d.shelf.kept["partner"] = value
		if _, err := Open(d.cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestAValueOfAnotherPlace: a record that was put together out of others opens
// nothing.
func TestAValueOfAnotherPlace(t *testing.T) {
	d := newDesk(t)
	d.create(t, oauthNew("one"))
	two := d.create(t, oauthNew("two"))
	d.made["two"].sealed["client-secret"] = d.made["one"].sealed["client-secret"]
	if v, err := d.Fetch(t.Context(), two.Auth.OAuth.ClientSecret.Ref); err == nil {
		t.Errorf("opened %q", v.Reveal())
	}
}
