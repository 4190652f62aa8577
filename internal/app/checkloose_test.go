package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckLooseFiles: documents and fragments outside any project, whose names are all
// taken to be there, and what is wrong whatever they are.
func TestCheckLooseFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("good.xml", `<policies><inbound><base />
<set-backend-service backend-id="{{backend}}" /><include-fragment fragment-id="mine" />
<rate-limit-by-key calls="{{calls}}" renewal-period="60" counter-key="@("{{salt}}" + context.Request.IpAddress)" />
<authentication-certificate certificate-id="stored" /><log-to-eventhub logger-id="hub">x</log-to-eventhub>
<authentication-managed-identity resource="{{resource}}" />
<get-authorization-context provider-id="p" authorization-id="a" context-variable-name="v" />
<validate-content unspecified-content-type-action="prevent" max-size="100" size-exceeded-action="prevent">
<content type="application/json" validate-as="json" action="prevent" schema-id="order" /></validate-content>
<validate-jwt header-name="Authorization"><openid-config url="{{issuer}}" /><issuer-signing-keys><key>{{key}}</key></issuer-signing-keys></validate-jwt>
<ip-filter action="allow"><address>{{ip}}</address></ip-filter>
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`)
	fragment := write("fragment.xml", `<fragment><quota calls="{{calls}}" renewal-period="{{week}}" /></fragment>`)
	list, err := CheckLoose([]string{good, fragment})
	if err != nil || len(list) > 0 {
		t.Error(err, list.Error())
	}
	bad := write("bad.xml", "<policies><inbound>\n<set-headr name=\"{{n}}\" />\n<set-status code=\"{{n}}x\" />\n<set-variable name=\"a\" value=\"@({{n}} +)\" />\n</inbound><backend /></policies>")
	if list, err = CheckLoose([]string{bad}); err != nil || list.Errors() < 2 || !strings.Contains(list.Error(), "bad.xml:2:1: unknown policy <set-headr>") {
		t.Error(err, list.Error())
	}
	for _, path := range []string{dir, write("x.json", "{}"), filepath.Join(dir, "none.xml")} {
		if _, err := CheckLoose([]string{path}); err == nil {
			t.Errorf("%s was taken", path)
		}
	}
}
