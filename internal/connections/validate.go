package connections

import (
	"encoding/base64"
	"strconv"
	"strings"

	"stile/internal/sfn"
)

func itoa(i int) string { return strconv.Itoa(i) }

// list is one list of an HTTP by its name in references.
type list struct {
	name string
	of   *[]Parameter
}

// lists are the lists of h; of nil there is none.
func (h *HTTP) lists() []list {
	if h == nil {
		return nil
	}
	return []list{{"header", &h.Header}, {"query", &h.Query}, {"body", &h.Body}}
}

func invalid(message string) error {
	return &sfn.Error{Code: "ValidationException", Message: message}
}

// validate tells what an authorization lacks, or has and cannot have. It quotes no
// value.
func (b *Book) validate(kind string, a Auth) error {
	for _, k := range []struct {
		kind, name string
		given      bool
	}{{Basic, "BasicAuthParameters", a.Basic != nil}, {APIKey, "ApiKeyAuthParameters", a.APIKey != nil}, {OAuth, "OAuthParameters", a.OAuth != nil}} {
		switch {
		case k.kind == kind && !k.given:
			return invalid("AuthorizationType " + kind + " needs AuthParameters." + k.name + ".")
		case k.kind != kind && k.given:
			return invalid("AuthParameters." + k.name + " does not go with AuthorizationType " + kind + ".")
		}
	}
	if err := b.validateKind(a); err != nil {
		return err
	}
	if err := b.validateHTTP("AuthParameters.InvocationHttpParameters.", a.Invocation); err != nil {
		return err
	}
	if a.OAuth != nil {
		return b.validateHTTP("AuthParameters.OAuthParameters.OAuthHttpParameters.", a.OAuth.HTTP)
	}
	return nil
}

func (b *Book) validateKind(a Auth) error {
	const at = "AuthParameters."
	switch {
	case a.Basic != nil:
		return needed(at+"BasicAuthParameters.", []member{{"Username", a.Basic.Username != ""}, {"Password", a.Basic.Password.set()}})
	case a.APIKey != nil:
		if err := needed(at+"ApiKeyAuthParameters.", []member{{"ApiKeyName", a.APIKey.Name != ""}, {"ApiKeyValue", a.APIKey.Value.set()}}); err != nil {
			return err
		}
		return said(at+"ApiKeyAuthParameters.ApiKeyName", b.cfg.Check.Header(a.APIKey.Name))
	case a.OAuth != nil:
		o := a.OAuth
		if err := needed(at+"OAuthParameters.", []member{{"ClientParameters.ClientID", o.ClientID != ""}, {"ClientParameters.ClientSecret", o.ClientSecret.set()},
			{"AuthorizationEndpoint", o.Endpoint != ""}, {"HttpMethod", o.Method != ""}}); err != nil {
			return err
		}
		return said(at+"OAuthParameters.AuthorizationEndpoint", b.cfg.Check.Endpoint(o.Endpoint))
	}
	return nil
}

func (s Secret) set() bool { return !s.Given.Empty() || !s.Ref.IsZero() }

// member is a member of a request, and whether it is there.
type member struct {
	name  string
	given bool
}

func needed(at string, members []member) error {
	for _, m := range members {
		if !m.given {
			return invalid(at + m.name + " is missing.")
		}
	}
	return nil
}

// said makes an error of what a check says.
func said(at, problem string) error {
	if problem == "" {
		return nil
	}
	return invalid(at + ": " + problem + ".")
}

func (b *Book) validateHTTP(at string, h *HTTP) error {
	names := map[string]string{"header": "HeaderParameters", "query": "QueryStringParameters", "body": "BodyParameters"}
	for _, l := range h.lists() {
		for i, p := range *l.of {
			here := at + names[l.name] + "." + itoa(i+1) + ".member."
			if err := needed(here, []member{{"Key", p.Key != ""}, {"Value", !p.IsSecret || p.Secret.set()}}); err != nil {
				return err
			}
			if l.name != "header" {
				continue
			}
			if err := said(here+"Key", b.cfg.Check.Header(p.Key)); err != nil {
				return err
			}
		}
	}
	return nil
}

const tokenPrefix = "connections "

// After is the token of the page that begins behind a connection's name.
func After(after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + after))
}

func openToken(token string) (after string, err error) {
	if token == "" {
		return "", nil
	}
	text, bad := base64.RawURLEncoding.Strict().DecodeString(token)
	after, ok := strings.CutPrefix(string(text), tokenPrefix)
	if bad != nil || !ok {
		return "", invalid("NextToken is not one of this list.")
	}
	return after, nil
}
