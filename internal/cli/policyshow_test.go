package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/policies"
	"stile/policy"
)

// shop writes a project with documents of all scopes, a product and a fragment.
func shop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stile.yaml":      "name: shop\n",
		"apim/policy.xml": "<policies>\n  <inbound>\n    <set-header name=\"X-Global\"><value>{{who}}</value></set-header>\n  </inbound>\n  <backend><forward-request /></backend>\n</policies>\n",
		"apim/namedValues/who/namedValueInformation.json":           `{"properties": {"displayName": "who", "value": "me"}}`,
		"apim/policyFragments/stamp/policy.xml":                     "<fragment>\n  <set-variable name=\"stamped\" value=\"@(\"a\" + 1)\" />\n</fragment>\n",
		"apim/policyFragments/stamp/policyFragmentInformation.json": `{"properties": {"description": ""}}`,
		"apim/apis/orders/apiInformation.json":                      `{"properties": {"displayName": "Orders", "path": "orders", "serviceUrl": "https://orders.example", "subscriptionRequired": false}}`,
		"apim/apis/orders/specification.json":                       `{"openapi": "3.0.1", "info": {"title": "Orders", "version": "1"}, "paths": {"/": {"get": {"operationId": "list", "responses": {"200": {"description": "ok"}}}}}}`,
		"apim/apis/orders/policy.xml":                               "<policies>\n  <inbound>\n    <base />\n    <choose>\n      <when condition=\"@(1 < 2)\">\n        <include-fragment fragment-id=\"stamp\" />\n      </when>\n    </choose>\n  </inbound>\n  <backend><base /></backend>\n</policies>\n",
		"apim/apis/orders/operations/list/policy.xml":               "<policies>\n  <inbound>\n    <set-method>GET</set-method>\n    <base />\n  </inbound>\n  <backend><base /></backend>\n</policies>\n",
		"apim/products/starter/productInformation.json":             `{"properties": {"displayName": "Starter", "state": "published"}}`,
		"apim/products/starter/apis/orders/link.json":               `{}`,
		"apim/products/starter/policy.xml":                          "<policies>\n  <inbound>\n    <base />\n    <rate-limit calls=\"1\" renewal-period=\"1\" />\n  </inbound>\n  <backend><base /></backend>\n</policies>\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPolicyShowEffective(t *testing.T) {
	dir := shop(t)
	got := run(t, App{}, nil, "", "policy", "show", "--project", dir, "--api", "orders", "--operation", "list", "--effective")
	at := func(file string) string { return filepath.ToSlash(filepath.Join("apim", file)) }
	want := "inbound\n" +
		"  " + at("apis/orders/operations/list/policy.xml:3") + "  operation            <set-method>GET\n" +
		"  " + at("policy.xml:3") + "                              global               <set-header name=\"X-Global\">\n" +
		"  " + at("policy.xml:3") + "                              global                 <value>{{who}}\n" +
		"  " + at("apis/orders/policy.xml:4") + "                  api                  <choose>\n" +
		"  " + at("apis/orders/policy.xml:5") + "                  api                    <when condition=\"@(1 < 2)\">\n" +
		"  " + at("policyFragments/stamp/policy.xml:2") + "        api, fragment stamp      <set-variable name=\"stamped\" value=\"@(\"a\" + 1)\" />\n" +
		"backend\n  " + at("policy.xml:5") + "  global  <forward-request />\noutbound\non-error\n"
	want = strings.ReplaceAll(want, "apim/", prefixIn(got.out))
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != 0 {
		t.Error(got.code, got.err, diff)
	}
}

// prefixIn is what stands before "policy.xml" of the global document: files are named
// as the folder was.
func prefixIn(out string) string {
	for line := range strings.Lines(out) {
		if head, _, ok := strings.Cut(line, "policyFragments/"); ok {
			return strings.TrimSpace(head)
		}
	}
	return ""
}

// TestPolicyShowForms: XML is a document that means the same, JSON has the places, the
// product's document counts where the product is named.
func TestPolicyShowForms(t *testing.T) {
	dir := shop(t)
	args := []string{"policy", "show", "--project", dir, "--api", "orders", "--product", "starter", "--effective", "-o"}
	xml := run(t, App{}, nil, "", append(args, "xml")...)
	doc, faults := policy.Compile(policy.Source{File: "shown.xml", Text: xml.out}, policies.Table(), policy.Fixed{NamedValues: map[string]policy.NamedValue{"who": {Text: "me"}}})
	if doc == nil || xml.code != 0 {
		t.Fatal(xml, faults)
	}
	var names []string
	for _, s := range doc.Sites() {
		names = append(names, s.Policy)
	}
	if diff := cmp.Diff([]string{"set-header", "rate-limit", "choose", "set-variable", "forward-request"}, names); diff != "" {
		t.Error(diff)
	}
	var shown struct {
		API, Product string
		Sections     []struct {
			Section  string
			Elements []struct {
				Name, Scope, File string
				Line, Column      int
			}
		}
	}
	if err := json.Unmarshal([]byte(run(t, App{}, nil, "", append(args, "json")...).out), &shown); err != nil {
		t.Fatal(err)
	}
	if e := shown.Sections[0].Elements[1]; shown.Product != "starter" || e.Name != "rate-limit" || e.Scope != "product" || e.Line != 4 || e.Column != 5 {
		t.Errorf("%+v", shown)
	}
}

func TestPolicyShowDocuments(t *testing.T) {
	dir := shop(t)
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{nil, 0, "X-Global"},
		{[]string{"--api", "orders"}, 0, "include-fragment"},
		{[]string{"--api", "orders", "--operation", "list"}, 0, "set-method"},
		{[]string{"--product", "starter"}, 0, "rate-limit"},
		{[]string{"--api", "orders", "-o", "json"}, 0, `"scope": "api"`},
		{[]string{"--api", "ordrs"}, exitNotFound, "did you mean orders?"},
		{[]string{"--api", "orders", "--operation", "lst"}, exitNotFound, "did you mean orders/list?"},
		{[]string{"--api", "orders", "--product", "none", "--effective"}, exitNotFound, "no product none"},
		{[]string{"--operation", "list"}, exitUsage, "--operation goes with --api"},
		{[]string{"x"}, exitUsage, "takes no arguments"},
	} {
		got := run(t, App{}, nil, "", append([]string{"policy", "show", "--project", dir}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.text) {
			t.Errorf("%v: %d %s%s", c.args, got.code, got.out, got.err)
		}
	}
}

func TestCheckLooseCommand(t *testing.T) {
	var asked []string
	product := App{Check: func([]string) (diag.List, error) { return nil, errors.New("the strict check was asked") },
		CheckLoose: func(paths []string) (diag.List, error) { asked = paths; return faults(), nil }}
	if got := run(t, product, nil, "", "check", "--loose", "a.xml", "b.xml"); got.code != exitFailed || !cmp.Equal(asked, []string{"a.xml", "b.xml"}) {
		t.Error(got, asked)
	}
	if got := run(t, product, nil, "", "check", "--loose"); got.code != exitUsage {
		t.Error(got)
	}
}
