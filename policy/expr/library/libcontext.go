package library

import (
	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library/crypto"
)

// The types of context, as the documentation of policy expressions names them.
var (
	TypeContext         = clr.Iface("IContext")
	TypeBody            = clr.Iface("IMessageBody")
	typeAPI             = clr.Iface("IApi")
	typeKeyNames        = clr.Iface("ISubscriptionKeyParameterNames")
	typeOperation       = clr.Iface("IOperation")
	typeLastError       = clr.Iface("ILastError")
	typeContextExt      = clr.Statics("ContextExtensions")
	typeFoundry         = clr.Iface("IFoundry")
	typePrivateEndpoint = clr.Iface("IPrivateEndpointConnection")
)

// foundry is a request seen as what it says of a Foundry model.
type foundry exchange.Request

func exchangeOf(v clr.Value) *exchange.Exchange { return v.(*exchange.Exchange) }

// orNull gives a typed nil pointer as null.
func orNull[T any](p *T) clr.Value {
	if p == nil {
		return nil
	}
	return p
}

// textOf makes a string property over a Go struct.
func textOf[T any](name string, f func(p *T) string) memberSpec {
	return memberSpec{"string " + name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0].(*T)) }}
}

var contextSpecs = []typeSpec{
	{typ: TypeContext, members: contextMembers},
	{typ: clr.TypeRequest, members: requestMembers},
	{typ: clr.TypeResponse, members: []memberSpec{
		{"int StatusCode", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(a[0].(*exchange.Response).StatusCode)
		}},
		textOf("StatusReason", func(r *exchange.Response) string { return r.Reason }),
		{"IReadOnlyDictionary<string,string[]> Headers", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return headerView{&a[0].(*exchange.Response).Header}
		}},
		{"IMessageBody Body", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			r := a[0].(*exchange.Response)
			return &bodyView{body: r.Body, header: &r.Header}
		}},
	}},
	{typ: TypeBody, members: bodyMembers},
	{typ: clr.TypeURL, members: urlMembers},
	{typ: typeFoundry, members: []memberSpec{
		textOf("Deployment", func(r *foundry) string { return r.Foundry }),
	}},
	{typ: typePrivateEndpoint, members: []memberSpec{
		textOf("Name", func(p *exchange.PrivateEndpoint) string { return p.Name }),
		textOf("GroupId", func(p *exchange.PrivateEndpoint) string { return p.GroupID }),
		textOf("MemberName", func(p *exchange.PrivateEndpoint) string { return p.MemberName }),
	}},
	{typ: typeAPI, members: apiMembers},
	{typ: typeKeyNames, members: []memberSpec{
		textOf("Header", func(p *keyNames) string { return p.KeyHeader }), textOf("Query", func(p *keyNames) string { return p.KeyQuery }),
	}},
	{typ: typeOperation, members: []memberSpec{
		textOf("Id", func(p *exchange.Operation) string { return p.ID }), textOf("Name", func(p *exchange.Operation) string { return p.Name }),
		textOf("Method", func(p *exchange.Operation) string { return p.Method }),
		textOf("UrlTemplate", func(p *exchange.Operation) string { return p.URLTemplate }),
	}},
	{typ: typeLastError, members: []memberSpec{
		textOf("Source", func(e *exchange.LastError) string { return e.Source }), textOf("Reason", func(e *exchange.LastError) string { return e.Reason }),
		textOf("Message", func(e *exchange.LastError) string { return e.Message }), textOf("Scope", func(e *exchange.LastError) string { return e.Scope }),
		textOf("Section", func(e *exchange.LastError) string { return e.Section }), textOf("Path", func(e *exchange.LastError) string { return e.Path }),
		textOf("PolicyId", func(e *exchange.LastError) string { return e.PolicyID }),
	}},
	{typ: typeJwt, members: jwtMembers}, {typ: typeBasic, members: basicMembers},
	{typ: typeContextExt, members: extensionMembers},
}

var contextMembers = []memberSpec{
	{"IRequest Request", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return &exchangeOf(a[0]).Request }},
	{"IResponse Response", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if ex := exchangeOf(a[0]); ex.Response.StatusCode != 0 {
			return &ex.Response
		}
		return nil
	}},
	{"IReadOnlyDictionary<string,object> Variables", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return variablesView{exchangeOf(a[0])} }},
	{"IApi Api", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return orNull(exchangeOf(a[0]).API) }},
	{"IOperation Operation", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(exchangeOf(a[0]).Operation)
	}},
	{"IProduct Product", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return orNull(exchangeOf(a[0]).Product) }},
	{"ISubscription Subscription", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(exchangeOf(a[0]).Subscription)
	}},
	{"IUser User", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return orNull(exchangeOf(a[0]).User) }},
	{"IWorkspace Workspace", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(exchangeOf(a[0]).Workspace)
	}},
	{"ILastError LastError", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(exchangeOf(a[0]).LastError)
	}},
	{"IDeployment Deployment", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if d := exchangeOf(a[0]).Deployment; d != nil {
			return d
		}
		return localDeployment
	}},
	{"IBackend Backend", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if ex := exchangeOf(a[0]); ex.Backend.ID != "" {
			return &ex.Backend
		}
		return nil
	}},
	{"Guid RequestId", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		g, _ := clr.ReadGUID(exchangeOf(a[0]).ID)
		return g
	}},
	{"DateTime Timestamp", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: max(0, clr.TicksOf(exchangeOf(a[0]).Started.UTC())), Kind: clr.KindUTC}
	}},
	{"TimeSpan Elapsed", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		if m.Env.Elapsed == nil && m.Env.Now != nil && m.Env.Exchange != nil {
			return clr.SpanOf(m.Env.Now().Sub(m.Env.Exchange.Started))
		}
		if m.Env.Elapsed == nil {
			return clr.TimeSpan(0)
		}
		return clr.SpanOf(m.Env.Elapsed())
	}},
	{"bool Tracing", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return m.Env.Trace != nil }},
	{"void Trace(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if m.Env.Trace != nil {
			m.Env.Trace(clr.Valid(str(a[1])))
		}
		return nil
	}},
}

var requestMembers = []memberSpec{
	{"IReadOnlyDictionary<string,string[]> Headers", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return headerView{&a[0].(*exchange.Request).Header}
	}},
	textOf("Method", func(r *exchange.Request) string { return r.Method }),
	textOf("IpAddress", func(r *exchange.Request) string {
		if !r.Client.IsValid() {
			return ""
		}
		return r.Client.String()
	}),
	{"X509Certificate2 Certificate", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return crypto.Open(m, a[0].(*exchange.Request).ClientCertificate, nil)
	}},
	{"IPrivateEndpointConnection PrivateEndpointConnection", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(a[0].(*exchange.Request).PrivateEndpoint)
	}},
	{"IFoundry Foundry", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if r := a[0].(*exchange.Request); r.Foundry != "" {
			return (*foundry)(r)
		}
		return nil
	}},
	{"IUrl Url", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return &a[0].(*exchange.Request).URL }},
	{"IUrl OriginalUrl", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &a[0].(*exchange.Request).OriginalURL
	}},
	{"IReadOnlyDictionary<string,string> MatchedParameters", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &paramsView{a[0].(*exchange.Request).Matched, false}
	}},
	{"IMessageBody Body", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		r := a[0].(*exchange.Request)
		if r.Body == nil {
			return nil
		}
		return &bodyView{body: r.Body, header: &r.Header}
	}},
}

var urlMembers = []memberSpec{
	textOf("Host", func(u *exchange.URL) string { return u.Host }), textOf("Path", func(u *exchange.URL) string { return u.Path }),
	textOf("Scheme", func(u *exchange.URL) string { return u.Scheme }), textOf("QueryString", func(u *exchange.URL) string { return u.QueryString() }),
	{"int Port", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		u := a[0].(*exchange.URL)
		if u.Port != 0 {
			return int32(u.Port)
		}
		return int32(u.DefaultPort())
	}},
	{"IReadOnlyDictionary<string,string[]> Query", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &paramsView{a[0].(*exchange.URL).Query, true}
	}},
	{"Uri ToUri()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return newURI(m, a[0].(*exchange.URL).String(), true)
	}},
	{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(a[0].(*exchange.URL).String())
	}},
}

// keyNames is an API seen as the names of its subscription key parameters.
type keyNames exchange.API

// RuntimeType names the type.
func (*keyNames) RuntimeType() *clr.Type { return typeKeyNames }

var apiMembers = []memberSpec{
	textOf("Id", func(p *exchange.API) string { return exchange.LocalID(p.ID) }), textOf("Name", func(p *exchange.API) string { return p.Name }),
	textOf("Path", func(p *exchange.API) string { return p.Path }), textOf("Revision", func(p *exchange.API) string { return p.Revision }),
	textOf("Version", func(p *exchange.API) string { return p.Version }),
	{"bool IsCurrentRevision", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*exchange.API).IsCurrentRevision
	}},
	{"IEnumerable<string> Protocols", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.StringArray(a[0].(*exchange.API).Protocols)
	}},
	{"ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return (*keyNames)(a[0].(*exchange.API))
	}},
	{"IUrl ServiceUrl", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		u, err := exchange.ParseURL(a[0].(*exchange.API).ServiceURL)
		if err != nil || u.Scheme == "" {
			return nil
		}
		return &u
	}},
}
