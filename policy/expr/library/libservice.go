package library

import (
	"strings"
	"time"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library/crypto"
)

// The types of the service's nouns in context.
var (
	typeProduct        = clr.Iface("IProduct")
	typeProductState   = clr.EnumType("ProductState")
	typeSubscription   = clr.Iface("ISubscription")
	typeUser           = clr.Iface("IUser")
	typeUserGroup      = clr.Iface("IGroup")
	typeUserIdentity   = clr.Iface("IUserIdentity")
	typeDeployment     = clr.Iface("IDeployment")
	typeGatewayInfo    = clr.Iface("IGatewayInfo")
	typeSustainability = clr.Iface("ISustainabilityInfo")
	typeCarbon         = clr.EnumType("CarbonIntensityCategory")
	typeWorkspace      = clr.Iface("IWorkspace")
	typeBackend        = clr.Iface("IBackend")
	typeBackendType    = clr.EnumType("BackendType")
)

var serviceSpecs = []typeSpec{
	{typ: typeProductState, enum: "NotPublished Published"},
	{typ: typeProduct, members: productMembers},
	{typ: typeSubscription, members: subscriptionMembers},
	{typ: typeUserGroup, members: []memberSpec{
		textOf("Id", func(g *exchange.Group) string { return exchange.LocalID(g.ID) }), textOf("Name", func(g *exchange.Group) string { return g.Name }),
	}},
	{typ: typeUserIdentity, members: []memberSpec{
		textOf("Id", func(i *exchange.UserIdentity) string { return i.ID }),
		textOf("Provider", func(i *exchange.UserIdentity) string { return i.Provider }),
	}},
	{typ: typeUser, members: userMembers},
	{typ: typeWorkspace, members: []memberSpec{
		textOf("Id", func(w *exchange.Workspace) string { return w.ID }), textOf("Name", func(w *exchange.Workspace) string { return w.Name }),
	}},
	{typ: typeBackendType, enum: "Single Pool"},
	{typ: typeBackend, members: []memberSpec{
		textOf("Id", func(b *exchange.Backend) string { return b.ID }),
		{"BackendType Type", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Enum{Type: typeBackendType, N: int32(clr.Bit(a[0].(*exchange.Backend).Pool))}
		}},
		{"string AzureRegion", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if region := a[0].(*exchange.Backend).Region; region != "" {
				return region
			}
			return nil
		}},
	}},
	{typ: typeCarbon, enum: "None VeryLow Low Medium High VeryHigh"},
	{typ: typeSustainability, members: []memberSpec{
		{"CarbonIntensityCategory CurrentCarbonIntensity", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value {
			return clr.Enum{Type: typeCarbon}
		}},
	}},
	{typ: typeDeployment, members: deploymentMembers},
	{typ: typeGatewayInfo, members: []memberSpec{
		textOf("Id", func(d *gatewayInfo) string { return orText(d.GatewayID, "managed") }),
		textOf("InstanceId", func(d *gatewayInfo) string { return orText(d.InstanceID, "stile") }),
		{"bool IsManaged", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return !a[0].(*gatewayInfo).SelfHosted }},
	}},
	{typ: clr.TypeAuthorization, members: []memberSpec{
		textOf("AccessToken", func(g *exchange.Authorization) string { return g.AccessToken.Reveal() }),
		{"IReadOnlyDictionary<string,object> Claims", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			d := newDict(clr.TypeString, clr.TypeObject)
			for _, c := range a[0].(*exchange.Authorization).Claims {
				d.put(m, c.Name, clr.Normal(c.Value))
			}
			return d
		}},
	}},
}

// pointers gives the items of a list of nouns as T[].
func pointers[T any](elem *clr.Type, list []T) *clr.Array {
	out := &clr.Array{Elem: elem, Items: make([]clr.Value, len(list))}
	for i := range list {
		out.Items[i] = &list[i]
	}
	return out
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// utcDate gives a time as a DateTime of UTC.
func utcDate(t time.Time) clr.DateTime {
	return clr.DateTime{Ticks: max(0, clr.TicksOf(t.UTC())), Kind: clr.KindUTC}
}

func utcOrNull(t time.Time) clr.Value {
	if t.IsZero() {
		return nil
	}
	return utcDate(t)
}

// localDeployment is the deployment of an exchange that names none.
var localDeployment = &exchange.Deployment{}

// gatewayInfo and sustainability are a deployment seen as its parts.
type (
	gatewayInfo    exchange.Deployment
	sustainability exchange.Deployment
)

// stored is a deployment's certificates as IReadOnlyDictionary<string, X509Certificate2>;
// a thumbprint finds one as well as its id.
type stored struct{ list []exchange.Certificate }

// RuntimeType names the .NET type.
func (stored) RuntimeType() *clr.Type {
	return clr.Generic(typeReadOnlyDict, clr.TypeString, crypto.TypeCertificate2)
}

func (stored) pairType() *clr.Type {
	return clr.Generic(clr.TypeKeyValue, clr.TypeString, crypto.TypeCertificate2)
}

func (s stored) size() int { return len(s.list) }

func (s stored) lookup(m *clr.Machine, k clr.Value) (clr.Value, bool) {
	name := need(m, k, "key")
	for _, c := range s.list {
		if c.ID == name {
			return crypto.Stored(m, c), true
		}
	}
	for _, c := range s.list {
		if m.Step(); len(c.Chain) > 0 && len(name) == 40 && strings.EqualFold(crypto.Thumbprint(c.Chain[0]), name) {
			return crypto.Stored(m, c), true
		}
	}
	return nil, false
}

func (s stored) pairs(m *clr.Machine, yield func(k, v clr.Value) bool) {
	for _, c := range s.list {
		m.Step()
		if !yield(c.ID, crypto.Stored(m, c)) {
			return
		}
	}
}

// Each walks the pairs.
func (s stored) Each(m *clr.Machine, yield func(clr.Value) bool) { eachPair(m, s, yield) }

var deploymentMembers = []memberSpec{
	textOf("Region", func(d *exchange.Deployment) string { return orText(d.Region, "local") }),
	textOf("ServiceId", func(d *exchange.Deployment) string { return orText(d.ServiceID, "stile") }),
	textOf("ServiceName", func(d *exchange.Deployment) string { return orText(d.ServiceName, "stile") }),
	textOf("GatewayId", func(d *exchange.Deployment) string { return orText(d.GatewayID, "managed") }),
	{"IGatewayInfo Gateway", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return (*gatewayInfo)(a[0].(*exchange.Deployment))
	}},
	{"ISustainabilityInfo SustainabilityInfo", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return (*sustainability)(a[0].(*exchange.Deployment))
	}},
	{"IReadOnlyDictionary<string,X509Certificate2> Certificates", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return stored{a[0].(*exchange.Deployment).Certificates}
	}},
}

var userMembers = []memberSpec{
	textOf("Id", func(u *exchange.User) string { return u.ID }), textOf("Email", func(u *exchange.User) string { return u.Email }),
	textOf("FirstName", func(u *exchange.User) string { return u.FirstName }), textOf("LastName", func(u *exchange.User) string { return u.LastName }),
	textOf("Note", func(u *exchange.User) string { return u.Note }),
	{"DateTime RegistrationDate", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return utcDate(a[0].(*exchange.User).RegistrationDate)
	}},
	{"IEnumerable<IGroup> Groups", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return pointers(typeUserGroup, a[0].(*exchange.User).Groups)
	}},
	{"IEnumerable<IUserIdentity> Identities", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return pointers(typeUserIdentity, a[0].(*exchange.User).Identities)
	}},
}

var productMembers = []memberSpec{
	textOf("Id", func(p *exchange.Product) string { return exchange.LocalID(p.ID) }), textOf("Name", func(p *exchange.Product) string { return p.Name }),
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
	{"IEnumerable<IGroup> Groups", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return pointers(typeUserGroup, a[0].(*exchange.Product).Groups)
	}},
	{"IEnumerable<IApi> Apis", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &clr.Array{Elem: typeAPI} }},
}

func productLimit(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	if n := a[0].(*exchange.Product).SubscriptionsLimit; n > 0 {
		return int32(n)
	}
	return nil
}

// keyOf gives the key that the request carried, where it is the one asked for: keys
// are kept as digests, so that nobody knows the other.
func keyOf(second bool) clr.Native {
	return func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if s := a[0].(*exchange.Subscription); s.Secondary == second {
			return s.Key.Reveal()
		}
		return nil
	}
}

var subscriptionMembers = []memberSpec{
	textOf("Id", func(s *exchange.Subscription) string { return exchange.LocalID(s.ID) }), textOf("Name", func(s *exchange.Subscription) string { return s.Name }),
	textOf("Key", func(s *exchange.Subscription) string { return s.Key.Reveal() }),
	{"string PrimaryKey", keyOf(false)}, {"string SecondaryKey", keyOf(true)},
	{"DateTime CreatedDate", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return utcDate(a[0].(*exchange.Subscription).Created)
	}},
	{"DateTime? StartDate", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return utcOrNull(a[0].(*exchange.Subscription).Start)
	}},
	{"DateTime? EndDate", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return utcOrNull(a[0].(*exchange.Subscription).End)
	}},
}
