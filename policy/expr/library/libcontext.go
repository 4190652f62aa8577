package library

import (
	"strings"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
)

// The types of context, as the documentation of policy expressions names them.
var (
	TypeContext      = clr.Class("IContext")
	TypeBody         = clr.Class("IMessageBody")
	typeAPI          = clr.Class("IApi")
	typeKeyNames     = clr.Class("ISubscriptionKeyParameterNames")
	typeOperation    = clr.Class("IOperation")
	typeProduct      = clr.Class("IProduct")
	typeProductState = clr.EnumType("ProductState")
	typeSubscription = clr.Class("ISubscription")
	typeUser         = clr.Class("IUser")
	typeUserGroup    = clr.Class("IGroup")
	typeUserIdentity = clr.Class("IUserIdentity")
	typeLastError    = clr.Class("ILastError")
	typeDeployment   = clr.Class("IDeployment")
	typeGatewayInfo  = clr.Class("IGatewayInfo")
	typeWorkspace    = clr.Class("IWorkspace")
	typeBackend      = clr.Class("IBackend")
	typeContextExt   = clr.Statics("ContextExtensions")
)

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

// none makes a property whose object is never there, so that it never runs.
func none(sigs ...string) []memberSpec {
	var out []memberSpec
	for _, sig := range sigs {
		out = append(out, memberSpec{sig, func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }})
	}
	return out
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
	{typ: typeAPI, members: apiMembers},
	{typ: typeKeyNames, members: []memberSpec{
		textOf("Header", func(p *keyNames) string { return p.KeyHeader }), textOf("Query", func(p *keyNames) string { return p.KeyQuery }),
	}},
	{typ: typeOperation, members: []memberSpec{
		textOf("Id", func(p *exchange.Operation) string { return p.ID }), textOf("Name", func(p *exchange.Operation) string { return p.Name }),
		textOf("Method", func(p *exchange.Operation) string { return p.Method }),
		textOf("UrlTemplate", func(p *exchange.Operation) string { return p.URLTemplate }),
	}},
	{typ: typeProductState, enum: "NotPublished Published"},
	{typ: typeProduct, members: productMembers},
	{typ: typeSubscription, members: subscriptionMembers},
	{typ: typeUserGroup, members: none("string Id", "string Name")},
	{typ: typeUserIdentity, members: none("string Id", "string Provider")},
	{typ: typeUser, members: none("string Id", "string Email", "string FirstName", "string LastName", "string Note",
		"DateTime RegistrationDate", "IEnumerable<IGroup> Groups", "IEnumerable<IUserIdentity> Identities")},
	{typ: typeLastError, members: []memberSpec{
		textOf("Source", func(e *exchange.LastError) string { return e.Source }), textOf("Reason", func(e *exchange.LastError) string { return e.Reason }),
		textOf("Message", func(e *exchange.LastError) string { return e.Message }), textOf("Scope", func(e *exchange.LastError) string { return e.Scope }),
		textOf("Section", func(e *exchange.LastError) string { return e.Section }), textOf("Path", func(e *exchange.LastError) string { return e.Path }),
		textOf("PolicyId", func(e *exchange.LastError) string { return e.PolicyID }),
	}},
	{typ: typeDeployment, members: []memberSpec{
		deploymentText("Region", "local"), deploymentText("ServiceId", "stile"), deploymentText("ServiceName", "stile"),
		deploymentText("GatewayId", "managed"),
		{"IGatewayInfo Gateway", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return deployment{} }},
	}},
	{typ: typeGatewayInfo, members: []memberSpec{
		deploymentText("Id", "managed"), deploymentText("InstanceId", "stile"),
		{"bool IsManaged", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return true }},
	}},
	{typ: typeWorkspace, members: none("string Id", "string Name")},
	{typ: typeBackend, members: []memberSpec{
		textOf("Id", func(b *exchange.Backend) string { return b.ID }),
		{"string Type", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "Single" }},
		{"string AzureRegion", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	}},
	{typ: typeJwt, members: jwtMembers}, {typ: typeBasic, members: basicMembers},
	{typ: typeContextExt, members: extensionMembers},
}

// deployment stands for this gateway, which has no Azure deployment.
type deployment struct{}

func (deployment) RuntimeType() *clr.Type { return typeDeployment }

func deploymentText(name, value string) memberSpec {
	return memberSpec{"string " + name, func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return value }}
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
	{"IUser User", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	{"IWorkspace Workspace", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	{"ILastError LastError", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return orNull(exchangeOf(a[0]).LastError)
	}},
	{"IDeployment Deployment", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return deployment{} }},
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

func (*keyNames) RuntimeType() *clr.Type { return typeKeyNames }

var apiMembers = []memberSpec{
	textOf("Id", func(p *exchange.API) string { return p.ID }), textOf("Name", func(p *exchange.API) string { return p.Name }),
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

var productMembers = []memberSpec{
	textOf("Id", func(p *exchange.Product) string { return p.ID }), textOf("Name", func(p *exchange.Product) string { return p.Name }),
	{"bool ApprovalRequired", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*exchange.Product).ApprovalRequired
	}},
	{"bool SubscriptionRequired", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*exchange.Product).SubscriptionRequired
	}},
	{"ProductState State", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Enum{Type: typeProductState, N: int32(clr.Bit(strings.EqualFold(a[0].(*exchange.Product).State, "Published")))}
	}},
	{"int? SubscriptionsLimit", productLimit}, {"int? SubscriptionLimit", productLimit},
	{"IEnumerable<IGroup> Groups", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &clr.Array{Elem: typeUserGroup} }},
	{"IEnumerable<IApi> Apis", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &clr.Array{Elem: typeAPI} }},
}

func productLimit(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	if n := a[0].(*exchange.Product).SubscriptionsLimit; n > 0 {
		return int32(n)
	}
	return nil
}

var subscriptionMembers = []memberSpec{
	textOf("Id", func(s *exchange.Subscription) string { return s.ID }), textOf("Name", func(s *exchange.Subscription) string { return s.Name }),
	textOf("Key", func(s *exchange.Subscription) string { return s.Key.Reveal() }),
	textOf("PrimaryKey", func(s *exchange.Subscription) string { return s.Key.Reveal() }),
	textOf("SecondaryKey", func(s *exchange.Subscription) string { return s.Key.Reveal() }),
	{"DateTime CreatedDate", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.DateTime{} }},
	{"DateTime? StartDate", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	{"DateTime? EndDate", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
}
