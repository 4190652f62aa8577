package policies

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"stile/policy"
)

// publicCloud is the endpoint of Entra where nothing else is said.
const publicCloud = "login.microsoftonline.com"

// cloud is one of Entra's clouds: where tokens of version 2 and of version 1 say
// that they come from.
type cloud struct{ v2, v1 string }

// clouds are Entra's clouds by the hosts that serve their discovery documents
// (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
var clouds = map[string]cloud{
	publicCloud:                        {publicCloud, "sts.windows.net"},
	"login.windows.net":                {publicCloud, "sts.windows.net"},
	"sts.windows.net":                  {publicCloud, "sts.windows.net"},
	"login.microsoftonline.us":         {"login.microsoftonline.us", "sts.windows.net"},
	"login.partner.microsoftonline.cn": {"login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"},
	"login.chinacloudapi.cn":           {"login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"},
}

// endpoints lists the hosts that authentication-endpoint may name.
func endpoints() []string { return slices.Sorted(maps.Keys(clouds)) }

// endpoint reads authentication-endpoint: a host, or its https URL.
func endpoint(text string) (host string, ok bool) {
	host = strings.ToLower(strings.TrimSpace(text))
	if rest, isURL := strings.CutPrefix(host, "https://"); isURL {
		host = strings.TrimRight(rest, "/")
	}
	_, ok = clouds[host]
	return host, ok
}

// consumersTenant is the tenant of personal accounts.
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

var (
	guidText   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	domainText = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
)

// tenant is which tenants of a cloud a policy takes tokens of.
type tenant struct {
	host string // of the discovery documents
	// name is a GUID, a domain, or organizations, common or consumers.
	name string
}

// tenantAt reads tenant-id: a tenant's name, or its URL at one of Entra's endpoints,
// which then takes the place of host.
func tenantAt(text, host string) (tenant, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	if strings.Contains(name, "://") {
		u, err := url.Parse(name)
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return tenant{}, errors.New("this is not the URL of a tenant")
		}
		if _, ok := clouds[u.Host]; !ok {
			return tenant{}, errors.New("the host is not an endpoint of Microsoft Entra ID")
		}
		host = u.Host
		name = strings.TrimSuffix(strings.Trim(u.Path, "/"), "/v2.0")
	}
	switch {
	case name == "organizations", name == "common", name == "consumers", guidText.MatchString(name), domainText.MatchString(name):
		return tenant{host, name}, nil
	}
	return tenant{}, errors.New("this is neither a GUID nor a domain")
}

// sources are the tenant's discovery documents, of version 2 and of version 1.
// computed says that an expression named the tenant.
func (t tenant) sources(computed bool) []policy.KeySource {
	base := "https://" + t.host + "/" + t.name
	return []policy.KeySource{{URL: base + "/v2.0/.well-known/openid-configuration", Computed: computed},
		{URL: base + "/.well-known/openid-configuration", Computed: computed}}
}

// anyTenant stands for a tenant in the issuer of a discovery document that is
// for several tenants.
const anyTenant = "{tenantid}"

// checkIssuer demands that the keys, the token's issuer and its tid agree on one
// tenant of this cloud that the policy takes.
func (t tenant) checkIssuer(claims policy.Claims) error {
	got := claims.Claim("iss")
	deny := refused(badIssuer, "The token's issuer %q is not allowed. Access denied.", strings.Join(got, ","))
	if len(got) != 1 {
		return deny
	}
	id, ok := t.tenantOf(got[0])
	if !ok || id == anyTenant {
		return deny
	}
	if tid := claims.Claim("tid"); len(tid) != 1 || !strings.EqualFold(tid[0], id) {
		return deny
	}
	published := claims.Issuers()
	if len(published) != 1 {
		return deny
	}
	owner, ok := t.tenantOf(published[0])
	if !ok || owner != anyTenant && owner != id {
		return deny
	}
	switch {
	case t.name == "common", t.name == id:
		return nil
	case t.name == "consumers" && id == consumersTenant, t.name == "organizations" && id != consumersTenant:
		return nil
	case strings.Contains(t.name, ".") && owner == id: // a domain: its document names the tenant
		return nil
	}
	return deny
}

// tenantOf reads the tenant out of an issuer of this cloud, of either version; its
// form is the whole issuer's, to the slash. The id is in lower case.
func (t tenant) tenantOf(issuer string) (id string, ok bool) {
	c := clouds[t.host]
	id, isV1 := strings.CutPrefix(issuer, "https://"+c.v1+"/")
	if isV1 {
		id, ok = strings.CutSuffix(id, "/")
	} else if id, ok = strings.CutPrefix(issuer, "https://"+c.v2+"/"); ok {
		id, ok = strings.CutSuffix(id, "/v2.0")
	}
	id = strings.ToLower(id)
	return id, ok && (id == anyTenant || guidText.MatchString(id))
}
