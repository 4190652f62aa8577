package policies

import (
	"net/netip"
	"strings"
	"testing"

	"stile/policy/exchange"
)

// TestAddresses: IPv4 written as IPv6 is IPv4, in the policy and in the caller, so
// that nobody slips past a forbidden list by spelling.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ action, content, client, want string }{
		{"allow", "<address>10.1.0.0/16</address>", "10.1.255.255", "200"},
		{"allow", "<address>10.1.0.0/16</address>", "::ffff:10.1.0.1", "200"},
		{"allow", "<address>10.1.0.0/16</address>", "10.2.0.0", "403 CallerIpNotAllowed | Caller IP address 10.2.0.0 is not allowed. Access denied."},
		{"allow", "<address>::ffff:10.1.0.0/112</address>", "10.1.2.3", "200"},
		{"forbid", "<address>::ffff:10.1.0.0/112</address>", "10.1.2.3", "403 CallerIpBlocked | Caller IP address is blocked. Access denied."},
		{"forbid", "<address>::ffff:10.1.0.0/112</address>", "10.2.2.3", "200"},
		{"forbid", "<address>::ffff:10.1.2.3</address>", "10.1.2.3", "403 CallerIpBlocked"},
		{"forbid", "<address>fe80::1</address>", "fe80::1%eth0", "403 CallerIpBlocked"},
		{"allow", "<address>2001:db8::/32</address>", "2001:db8:ffff::1", "200"},
		{"allow", "<address>2001:db8::/32</address>", "2001:db9::1", "403 CallerIpNotAllowed"},
		{"allow", "<address>0.0.0.0/0</address>", "2001:db9::1", "403 CallerIpNotAllowed"},
		{"allow", `<address-range from="10.0.0.5" to="10.0.1.2" />`, "10.0.1.2", "200"},
		{"allow", `<address-range from="10.0.0.5" to="10.0.1.2" />`, "10.0.1.3", "403 CallerIpNotAllowed"},
		{"allow", `<address-range from="::ffff:10.0.0.5" to="10.0.1.2" />`, "10.0.0.5", "200"},
		{"forbid", "<address>10.1.0.1</address>", "", "403 FailedToParseCallerIP | Failed to establish IP address for the caller. Access denied."},
		{"allow", "<address>10.1.0.1</address>", "", "403 FailedToParseCallerIP"},
	} {
		ex := &exchange.Exchange{}
		if c.client != "" {
			ex.Request.Client = netip.MustParseAddr(c.client)
		}
		got := validate(t, `<ip-filter action="`+c.action+`">`+c.content+"</ip-filter>", ex, nil)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %s gets %s, want %s", c.action, c.content, c.client, got, c.want)
		}
		if strings.HasPrefix(got, "403") && !strings.HasSuffix(got, `| { "statusCode": 403, "message": "Forbidden" }`) {
			t.Errorf("the body is not APIM's: %s", got)
		}
	}
}

// TestCheckHeader: a header without a value is as good as none.
func TestCheckHeader(t *testing.T) {
	const open = `<check-header name="X-Key" failed-check-httpcode="418" failed-check-error-message="no" ignore-case="`
	for _, c := range []struct {
		fold, content, value, want string
	}{
		{"false", "", "a", "200"},
		{"false", "", "", "418 HeaderNotFound | Header X-Key was not found in the request. Access denied. | { \"statusCode\": 418, \"message\": \"no\" }"},
		{"false", "<value>a</value><value>b</value>", "b", "200"},
		{"false", "<value>a</value>", "A", "418 HeaderValueNotAllowed | Header X-Key value of A is not allowed. Access denied."},
		{"true", "<value>a</value>", "A", "200"},
		{"true", "<value>a</value>", "", "418 HeaderValueNotAllowed | Header X-Key value of  is not allowed. Access denied."},
	} {
		ex := &exchange.Exchange{}
		ex.Request.Header.Set("X-Key", c.value)
		if got := validate(t, open+c.fold+`">`+c.content+"</check-header>", ex, nil); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q in %q gives %s, want %s", c.value, c.content, got, c.want)
		}
	}
}
