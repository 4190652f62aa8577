package eventsapi

import (
	"stile/internal/connections"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
)

// The shapes of the service model (EventBridge, 2015-10-07).
var (
	nameShape   = shape(1, 64, `[\.\-_A-Za-z0-9]+`)
	description = shape(0, 512, `.*`)
	kindShape   = text{enum: []string{connections.Basic, connections.OAuth, connections.APIKey}}
	keyShape    = shape(0, 2048, `^[a-zA-Z0-9_\-/:]*$`)
	credential  = shape(1, 512, `^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`)
	endpoint    = shape(1, 2048, `^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$`)
	methodShape = text{enum: []string{"GET", "POST", "PUT"}}
	headerKey   = shape(0, 512, "^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$")
	headerValue = shape(0, 512, `^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`).hidden()
	queryKey    = shape(0, 512, `[^\x00-\x1F\x7F]+`)
	queryValue  = shape(0, 512, `[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+`).hidden()
	bodyValue   = text{sensitive: true}
	stateShape  = text{enum: []string{"CREATING", "UPDATING", "DELETING", "AUTHORIZED", "DEAUTHORIZED", "AUTHORIZING", "DEAUTHORIZING",
		"ACTIVE", "FAILED_CONNECTIVITY"}}
	tokenShape = text{min: 1, max: 2048}
)

// maxParameters is how many headers, query or body parameters there may be.
const maxParameters = 100

// readAuth reads AuthParameters; whole says that what belongs together must be there.
func readAuth(in *input, whole bool) (a connections.Auth) {
	p := in.object("AuthParameters", whole)
	if p == nil {
		return a
	}
	secretly := func(in *input, name string) connections.Secret {
		return connections.Secret{Given: secret.NewValue(in.or(name, must(credential.hidden(), whole)))}
	}
	if o := p.object("BasicAuthParameters", false); o != nil {
		a.Basic = &connections.BasicAuth{Username: o.or("Username", must(credential, whole)), Password: secretly(o, "Password")}
	}
	if o := p.object("OAuthParameters", false); o != nil {
		a.OAuth = &connections.OAuthAuth{}
		if c := o.object("ClientParameters", whole); c != nil {
			a.OAuth.ClientID, a.OAuth.ClientSecret = c.or("ClientID", must(credential, whole)), secretly(c, "ClientSecret")
		}
		a.OAuth.Endpoint = o.or("AuthorizationEndpoint", must(endpoint, whole))
		a.OAuth.Method = o.or("HttpMethod", must(methodShape, whole))
		a.OAuth.HTTP = readHTTP(o.object("OAuthHttpParameters", false))
	}
	if o := p.object("ApiKeyAuthParameters", false); o != nil {
		a.APIKey = &connections.APIKeyAuth{Name: o.or("ApiKeyName", must(credential, whole)), Value: secretly(o, "ApiKeyValue")}
	}
	a.Invocation = readHTTP(p.object("InvocationHttpParameters", false))
	return a
}

func must(c text, required bool) text {
	if required {
		return c.must()
	}
	return c
}

func readHTTP(in *input) *connections.HTTP {
	if in == nil {
		return nil
	}
	read := func(name string, key, value text) (out []connections.Parameter) {
		for _, item := range in.list(name, maxParameters) {
			p := connections.Parameter{Key: item.or("Key", key), IsSecret: item.flag("IsValueSecret")}
			text := item.or("Value", value)
			if p.IsSecret {
				p.Secret.Given = secret.NewValue(text)
			} else {
				p.Value = text
			}
			out = append(out, p)
		}
		return out
	}
	return &connections.HTTP{Header: read("HeaderParameters", headerKey, headerValue), Query: read("QueryStringParameters", queryKey, queryValue),
		Body: read("BodyParameters", text{}, bodyValue)}
}

// unsupported refuses what a connection cannot have here.
func unsupported(in *input) error {
	private := in.object("InvocationConnectivityParameters", false)
	if p := in.object("AuthParameters", false); private == nil && p != nil {
		private = p.object("ConnectivityParameters", false)
	}
	switch {
	case private != nil:
		return &sfn.Error{Code: "ValidationException", Message: "This server has no private connections: leave the connectivity parameters out."}
	case in.or("KmsKeyIdentifier", keyShape) != "":
		return &sfn.Error{Code: "ValidationException", Message: "This server has no KMS keys: leave KmsKeyIdentifier out."}
	}
	return nil
}

// authJSON writes AuthParameters as Describe shows them: without secret values.
func authJSON(a connections.Auth) jsonval.Value {
	var out jsonval.Object
	var o jsonval.Object
	switch {
	case a.Basic != nil:
		out.Add("BasicAuthParameters", o.AddString("Username", a.Basic.Username).Value())
	case a.APIKey != nil:
		out.Add("ApiKeyAuthParameters", o.AddString("ApiKeyName", a.APIKey.Name).Value())
	case a.OAuth != nil:
		var client jsonval.Object
		o.Add("ClientParameters", client.AddString("ClientID", a.OAuth.ClientID).Value())
		o.AddString("AuthorizationEndpoint", a.OAuth.Endpoint).AddString("HttpMethod", a.OAuth.Method)
		out.Add("OAuthParameters", o.Add("OAuthHttpParameters", httpJSON(a.OAuth.HTTP)).Value())
	}
	return out.Add("InvocationHttpParameters", httpJSON(a.Invocation)).Value()
}

// httpJSON is absent where there are no parameters.
func httpJSON(h *connections.HTTP) jsonval.Value {
	if h == nil {
		return jsonval.Value{}
	}
	var out jsonval.Object
	for _, l := range []struct {
		name string
		list []connections.Parameter
	}{{"HeaderParameters", h.Header}, {"QueryStringParameters", h.Query}, {"BodyParameters", h.Body}} {
		if len(l.list) == 0 {
			continue
		}
		var items jsonval.Array
		for _, p := range l.list {
			var o jsonval.Object
			o.AddString("Key", p.Key)
			if !p.IsSecret {
				o.AddString("Value", p.Value)
			}
			items.Add(o.Add("IsValueSecret", jsonval.OfBool(p.IsSecret)).Value())
		}
		out.Add(l.name, items.Value())
	}
	return out.Value()
}
