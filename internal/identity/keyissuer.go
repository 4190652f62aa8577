package identity

import "strings"

// tenantPlaceholder stands in Entra's documents for the token's own tenant.
const tenantPlaceholder = "{tenantid}"

// entraV1 are the hosts of Entra's issuers of version 1 by those of version 2. Only
// key sets of version 2 name issuers, and the same keys sign both versions.
var entraV1 = map[string]string{
	"login.microsoftonline.com":        "sts.windows.net",
	"login.microsoftonline.us":         "sts.windows.net",
	"login.partner.microsoftonline.cn": "sts.chinacloudapi.cn",
}

// from reports whether the token says that it comes from the issuer that a key
// names (a member of Entra's key sets:
// https://learn.microsoft.com/entra/identity-platform/access-tokens). The payload
// is not verified here; it decides which keys may verify it.
func (j *jws) from(issuer string) bool {
	p, err := strictJSON(j.payload)
	if err != nil {
		return false
	}
	iss, tid := text(p, "iss"), text(p, "tid")
	if strings.Contains(issuer, tenantPlaceholder) {
		if tid == "" || strings.ContainsAny(tid, "/{}") {
			return false
		}
		issuer = strings.ReplaceAll(issuer, tenantPlaceholder, tid)
	}
	if iss == issuer {
		return true
	}
	host, rest, _ := strings.Cut(strings.TrimPrefix(issuer, "https://"), "/")
	tenant, isV2 := strings.CutSuffix(rest, "/v2.0")
	v1 := entraV1[host]
	return isV2 && v1 != "" && iss == "https://"+v1+"/"+tenant+"/"
}
