package liquid

import (
	"strings"

	"stile/policy/exchange"
)

// members is an object of context for templates: its members by the names of
// policy expressions, made when they are asked for.
type members map[string]func() any

// Member gives a member; a template may spell its first letter small.
func (m members) Member(name string) (any, bool) {
	f := m[name]
	if f == nil && name != "" {
		f = m[strings.ToUpper(name[:1])+name[1:]]
	}
	if f == nil {
		return nil, false
	}
	return f(), true
}

// known makes a member of a value that is there already.
func known(v any) func() any { return func() any { return v } }

// Context is what a template knows as context: the members that the set-body page
// names, and the variables and nouns besides. It reads the exchange when it is asked.
func Context(ex *exchange.Exchange, binding Binding) Object {
	return members{
		"Request":      func() any { return requestObject(&ex.Request) },
		"Response":     func() any { return responseObject(ex) },
		"Variables":    func() any { return &variables{ex.Variables, binding} },
		"RequestId":    known(ex.ID),
		"Api":          func() any { return apiObject(ex.API) },
		"Operation":    func() any { return operationObject(ex.Operation) },
		"Product":      func() any { return productObject(ex.Product) },
		"Subscription": func() any { return subscriptionObject(ex.Subscription) },
		"User":         func() any { return userObject(ex.User) },
		"LastError":    func() any { return errorObject(ex.LastError) },
	}
}

func requestObject(r *exchange.Request) members {
	return members{
		"Method": known(r.Method), "OriginalMethod": known(r.Method),
		"Url":         func() any { return urlObject(&r.URL) },
		"OriginalUrl": func() any { return urlObject(&r.OriginalURL) },
		"IpAddress": func() any {
			if !r.Client.IsValid() {
				return ""
			}
			return r.Client.String()
		},
		"MatchedParameters":  func() any { return paramsOf(r.Matched) },
		"HasBody":            func() any { return r.Body != nil && r.Body.Length() != 0 },
		"ClientCertificates": func() any { return List{} },
		"Headers":            func() any { return headersOf(&r.Header) },
	}
}

func responseObject(ex *exchange.Exchange) members {
	return members{"StatusCode": func() any { return int32(ex.Response.StatusCode) }, "Method": known(ex.Request.Method),
		"StatusReason": known(ex.Response.Reason), "Headers": func() any { return headersOf(&ex.Response.Header) }}
}

func urlObject(u *exchange.URL) members {
	port := u.Port
	if port == 0 {
		port = u.DefaultPort()
	}
	whole := func() any { return u.String() }
	return members{"Scheme": known(u.Scheme), "Host": known(u.Host), "Port": known(int32(port)), "Path": known(u.Path),
		"Query": func() any { return paramsOf(u.Query) }, "QueryString": func() any { return u.QueryString() }, "ToUri": whole, "ToString": whole}
}

// headersOf lists header fields: a field of several values is written as they
// follow each other.
func headersOf(h *exchange.Header) *Hash {
	values := map[string]List{}
	h.Each(func(name, value string) {
		name = strings.ToLower(name)
		values[name] = append(values[name], value)
	})
	out := NewFoldedHash()
	for _, name := range h.Names() {
		out.Set(name, values[strings.ToLower(name)])
	}
	return out
}

func paramsOf(list []exchange.Param) *Hash {
	values, out := map[string]List{}, NewFoldedHash()
	for _, p := range list {
		values[p.Name] = append(values[p.Name], p.Value)
	}
	for _, p := range list {
		out.Set(p.Name, values[p.Name])
	}
	return out
}

// variables is context.Variables.
type variables struct {
	values  map[string]any
	binding Binding
}

// Member gives a variable as a template sees it.
func (v *variables) Member(name string) (any, bool) {
	value, ok := v.values[name]
	if !ok {
		return nil, false
	}
	out, err := v.binding.Value(value)
	return out, err == nil
}

func apiObject(a *exchange.API) any {
	if a == nil {
		return nil
	}
	return members{"Id": known(exchange.LocalID(a.ID)), "Name": known(a.Name), "Path": known(a.Path), "Revision": known(a.Revision), "Version": known(a.Version)}
}

func operationObject(o *exchange.Operation) any {
	if o == nil {
		return nil
	}
	return members{"Id": known(o.ID), "Name": known(o.Name), "Method": known(o.Method), "UrlTemplate": known(o.URLTemplate)}
}

func productObject(p *exchange.Product) any {
	if p == nil {
		return nil
	}
	return members{"Id": known(exchange.LocalID(p.ID)), "Name": known(p.Name)}
}

func subscriptionObject(s *exchange.Subscription) any {
	if s == nil {
		return nil
	}
	return members{"Id": known(exchange.LocalID(s.ID)), "Name": known(s.Name)}
}

func userObject(u *exchange.User) any {
	if u == nil {
		return nil
	}
	return members{"Id": known(u.ID), "Email": known(u.Email), "FirstName": known(u.FirstName), "LastName": known(u.LastName), "Note": known(u.Note)}
}

func errorObject(e *exchange.LastError) any {
	if e == nil {
		return nil
	}
	return members{"Source": known(e.Source), "Reason": known(e.Reason), "Message": known(e.Message), "Scope": known(e.Scope),
		"Section": known(e.Section), "Path": known(e.Path), "PolicyId": known(e.PolicyID)}
}
