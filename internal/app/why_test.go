package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/internal/why"
)

// held is a project that holds an execution in one known way.
type held struct {
	name string
	// backend is what the API calls; empty: one that answers.
	backend  string
	resource string   // of the Task; empty: invoke
	files    []string // name and text of files beside those of folder
	starts   int      // how many executions are started; the last one is asked for
	until    string   // the history event after which it is held
	ended    bool
	prepare  func(t *testing.T, p *asked, arn, data string) *asked
	later    time.Duration // how long after it is asked

	cause  why.Cause
	health sfn.HealthStatus
	file   string // of the place
	mark   string // what stands on the line of the place
	says   []string
}

const retryAll = `"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 120, "MaxAttempts": 3}],`

// definition is a Task in many lines, with fields before its End.
func definition(resource, fields string) string {
	token := ""
	if strings.HasSuffix(resource, ".waitForTaskToken") {
		token = `, "token.$": "$$.Task.Token"`
	}
	return `{
  "StartAt": "Reserve",
  "States": {
    "Reserve": {
      "Type": "Task",
      "Resource": "` + resource + `",
      "Parameters": {"ApiEndpoint": "shop.example", "Method": "POST", "Path": "/shop/reserve",
        "RequestBody": {"sku": "s"` + token + `}},
      ` + fields + `
      "End": true
    }
  }
}
`
}

func inLines(inbound string) string {
	return `<policies>
  <inbound>
    <base />
    ` + inbound + `
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>
`
}

func apiAt(url string) string {
	return `{
  "properties": {
    "displayName": "shop",
    "path": "shop",
    "subscriptionRequired": false,
    "serviceUrl": "` + url + `"
  }
}
`
}

const (
	shopXML  = "apim/apis/shop/policy.xml"
	shopInfo = "apim/apis/shop/apiInformation.json"
	roleFile = "roles/one-role.json"
	oneFile  = "workflows/one.asl.json"
	allowAll = "{\n  \"Version\": \"2012-10-17\",\n  \"subscription\": \"demo\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"apim:Invoke\", \"Resource\": \"api/**\"}\n  ]\n}\n"
	denying  = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"apim:Invoke\", \"Resource\": \"api/**\"},\n" +
		"    {\"Effect\": \"Deny\", \"Action\": \"apim:Invoke\", \"Resource\": \"api/shop/operation/reserve\"}\n  ]\n}\n"
)

// asked is the product with its parts in view.
type asked struct {
	*product
	dir    string
	server *server
}

// runAsked starts the product; it ends with the test.
func runAsked(t *testing.T, dir, data string) *asked {
	t.Helper()
	p := &asked{dir: dir}
	o := devOptions(dir, data)
	o.built = func(s *server) { p.server = s }
	p.product = devAs(t, o)
	return p
}

// seeds are the twelve causes; the third one has two sides.
func seeds(t *testing.T) [][]held {
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	t.Cleanup(failing.Close)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); slow.Close() })
	retrying := []string{oneFile, definition(invoke, retryAll)}
	with := func(more ...string) []string { return append(slices.Clone(retrying), more...) }
	return [][]held{
		{{name: "rate-limit of a product", starts: 2, until: "TaskFailed", files: with(
			"stile.yaml", "name: shop\nsubscriptions:\n  - {id: demo, name: Demo, product: starter}\nmap:\n  shop.example: {gateway: self}\n",
			"apim/products/starter/productInformation.json", `{"properties":{"displayName":"Starter","subscriptionRequired":true,"state":"published"}}`,
			"apim/products/starter/apis.json", `[{"name":"shop"}]`,
			"apim/products/starter/policy.xml", inLines(`<rate-limit calls="1" renewal-period="300" />`), roleFile, allowAll),
			cause: why.Limit, health: sfn.Throttled, file: "apim/products/starter/policy.xml", mark: "<rate-limit ",
			says: []string{"rate-limit in inbound at product scope", "calls 1, renewal-period 300", "attempt 1 of 4", "under revision 20", "subscription/demo", "room again at"}}},
		{{name: "quota-by-key", starts: 2, until: "TaskFailed", files: with(shopXML,
			inLines(`<quota-by-key calls="1" renewal-period="3600" counter-key="all" />`)),
			cause: why.Limit, health: sfn.Throttled, file: shopXML, mark: "<quota-by-key ", says: []string{"quota-by-key", "403", "room again at"}}},
		{{name: "no statement allows", until: "TaskFailed", files: with(roleFile, roleAllowing("api/shop/operation/release")),
			cause: why.Permission, health: sfn.NeedsAction, file: roleFile, mark: `"Statement"`,
			says: []string{"no statement of role one-role allows apim:Invoke on api/shop/operation/reserve", "attempt 2 of 4"}},
			{name: "an explicit Deny", until: "ExecutionFailed", ended: true, files: []string{oneFile, definition(invoke, ""), roleFile, denying},
				cause: why.Permission, file: roleFile, mark: `"Deny"`, says: []string{"FAILED", "It is not stuck", "a Deny statement of role one-role refuses"}}},
		{{name: "callback", resource: await, until: "TaskSubmitted", files: []string{oneFile, definition(await, `"TimeoutSeconds": 7200,`)},
			cause: why.Callback, health: sfn.Waiting, file: oneFile, mark: `"Reserve": {`, says: []string{"callback has not come", "sent to shop/reserve", "expires at"}}},
		{{name: "a secret is missing", until: "TaskFailed", files: with(
			"apim/namedValues/token/namedValueInformation.json", `{"properties":{"displayName":"token","secret":true,"value":{"secret":"env://STILE_TEST_NO_SUCH_SECRET"}}}`,
			shopXML, inLines(`<set-header name="X-Token"><value>{{token}}</value></set-header>`)),
			cause: why.Secret, health: sfn.NeedsAction, file: shopXML, mark: "{{token}}", says: []string{"named value token", "env://STILE_TEST_NO_SUCH_SECRET", "missing"}}},
		{{name: "ip-filter", until: "TaskFailed", files: with(shopXML, inLines(`<ip-filter action="forbid"><address>127.0.0.1</address></ip-filter>`)),
			cause: why.Policy, health: sfn.Retrying, file: shopXML, mark: "<ip-filter ", says: []string{"ip-filter", "403", "attempt 2 of 4 comes"}}},
		{{name: "validate-jwt", until: "TaskFailed", files: with(shopXML, inLines(
			`<validate-jwt header-name="X-Token"><issuer-signing-keys><key>QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=</key></issuer-signing-keys></validate-jwt>`)),
			cause: why.Policy, health: sfn.Retrying, file: shopXML, mark: "<validate-jwt ", says: []string{"validate-jwt", "401"}}},
		{{name: "backend answers 503", backend: failing.URL, until: "TaskFailed", files: with(shopInfo, apiAt(failing.URL)),
			cause: why.Backend, health: sfn.Retrying, file: shopInfo, mark: `"serviceUrl"`, says: []string{failing.URL, "answered 503", "attempt 2 of 4 comes at"}}},
		{{name: "a Wait state", until: "WaitStateEntered", files: []string{oneFile,
			"{\n  \"StartAt\": \"Later\",\n  \"States\": {\n    \"Later\": {\"Type\": \"Wait\", \"Seconds\": 3600, \"End\": true}\n  }\n}\n"},
			cause: why.Timer, health: sfn.Waiting, file: oneFile, mark: `"Later": {`, says: []string{"Wait until", "goes on by itself"}}},
		{{name: "no answer yet", backend: slow.URL, until: "TaskStarted", later: 6 * time.Minute,
			files: []string{oneFile, definition(invoke, ""), shopInfo, apiAt(slow.URL)},
			cause: why.NoAnswer, health: sfn.Stuck, file: shopInfo, mark: `"serviceUrl"`, says: []string{"operation shop/reserve", slow.URL, "limit of 5 min"}}},
		{{name: "a host that is not mapped", until: "TaskFailed", files: with("stile.yaml", "name: shop\nmap:\n  other.example: {gateway: self}\n"),
			cause: why.Egress, health: sfn.NeedsAction, file: oneFile, mark: `"Reserve": {`, says: []string{"shop.example", "before anything was sent", "role one-role"}}},
		{{name: "quarantine", until: "WaitStateEntered", prepare: damage, files: []string{oneFile,
			"{\n  \"StartAt\": \"Make\",\n  \"States\": {\n    \"Make\": {\"Type\": \"Pass\", \"Result\": {\"text\": \"" + strings.Repeat("x", 400) + "\"}, \"Next\": \"Later\"},\n" +
				"    \"Later\": {\"Type\": \"Wait\", \"Seconds\": 4, \"Next\": \"Done\"},\n    \"Done\": {\"Type\": \"Succeed\"}\n  }\n}\n"},
			cause: why.Quarantine, health: sfn.NeedsAction, file: oneFile, mark: `"Later": {`, says: []string{"quarantine", "The reason: ", "blob", "Only this execution is concerned"}}},
	}
}

// damage stops the product, takes the execution's stored payloads away, and waits
// until it meets that.
func damage(t *testing.T, p *asked, _, data string) *asked {
	dir := p.dir
	p.shut()
	d, err := openData(devOptions(dir, data), nil)
	if err != nil {
		t.Fatal(err)
	}
	const blobs kv.Space = 0x15 // of the engine; part of the data folder's format
	var ops []kv.Op
	var last []byte
	if err := d.log.Iterate(blobs, kv.Range{}, func(k, _ []byte) bool { last = slices.Clone(k); return true }); err != nil || last == nil {
		t.Fatal("no payload is stored", err)
	}
	ops = append(ops, kv.Op{Kind: kv.Delete, Space: blobs, Key: last})
	if err := commit(d.log, ops); err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	p = runAsked(t, dir, data)
	p.tells("execution in quarantine")
	return p
}

// TestWhyOnTwelveSeededCauses: cause, file and line are right, and after an edit
// that moves the line the answer moves.
func TestWhyOnTwelveSeededCauses(t *testing.T) {
	all := seeds(t)
	right := 0
	for i, sides := range all {
		good := true
		for _, h := range sides {
			good = t.Run(fmt.Sprintf("%d %s", i+1, h.name), h.check) && good
		}
		if good {
			right++
		}
	}
	t.Logf("%d of %d", right, len(all))
	if right != 12 {
		t.Errorf("%d of 12", right)
	}
}

func (h held) check(t *testing.T) {
	p, arn := h.begin(t)
	before := lineOf(t, p.dir, h.file, h.mark)
	a := p.why(t, arn, h.later)
	t.Log(a.Paragraph)
	h.expect(t, p, a, before, false)
	text, err := os.ReadFile(filepath.Join(p.dir, h.file))
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	write(t, p.dir, h.file, first+"\n\n\n\n"+rest)
	p.tells("the project was taken up again")
	after := lineOf(t, p.dir, h.file, h.mark)
	if after != before+3 {
		t.Fatalf("the edit moves the line from %d to %d", before, after)
	}
	h.expect(t, p, p.why(t, arn, h.later), after, true)
}

// begin runs the project until its execution is held.
func (h held) begin(t *testing.T) (*asked, string) {
	backend := h.backend
	if backend == "" {
		backend, _ = answering(t)
	}
	if h.resource == "" {
		h.resource = invoke
	}
	data := t.TempDir()
	p := runAsked(t, folder(t, backend, h.resource, append([]string{shopXML, inLines(""), shopInfo, apiAt(backend)}, h.files...)...), data)
	arn := ""
	for range max(h.starts, 1) {
		if arn != "" {
			p.until(arn, "end", ended)
		}
		arn = p.start("one")
	}
	p.until(arn, h.until, has(h.until))
	if h.prepare != nil {
		p = h.prepare(t, p, arn, data)
	}
	return p, arn
}

func (h held) expect(t *testing.T, p *asked, a why.Answer, line int, moved bool) {
	t.Helper()
	if a.Cause != h.cause || a.Health != h.health {
		t.Errorf("cause %s, health %s; want %s, %s: %s", a.Cause, a.Health, h.cause, h.health, a.Paragraph)
	}
	want := filepath.ToSlash(filepath.Join(p.dir, h.file))
	if a.Place == nil || a.Place.File != want || a.Place.Line != line || a.Place.Gone {
		t.Fatalf("place %+v, want %s:%d: %s", a.Place, want, line, a.Paragraph)
	}
	if !strings.Contains(a.Paragraph, fmt.Sprintf("%s:%d", want, line)) {
		t.Errorf("the paragraph does not name line %d: %s", line, a.Paragraph)
	}
	if recorded := a.Policy != nil || a.Role != nil || a.Secret != nil || strings.HasPrefix(h.file, "workflows"); moved && recorded && a.Place.Was == "" {
		t.Errorf("it does not say where it stood: %s", a.Paragraph)
	}
	for _, part := range h.says {
		if !strings.Contains(strings.ToLower(a.Paragraph), strings.ToLower(part)) {
			t.Errorf("the paragraph lacks %q: %s", part, a.Paragraph)
		}
	}
	if len(a.Commands) == 0 || a.Since == nil || strings.Contains(a.Paragraph, "\n") {
		t.Errorf("commands %v, since %v", a.Commands, a.Since)
	}
}

// why asks the control API, or, where it is to be asked later, the explainer.
func (p *asked) why(t *testing.T, arn string, later time.Duration) (a why.Answer) {
	t.Helper()
	if later > 0 {
		x := p.server.explainer()
		x.now = func() time.Time { return time.Now().Add(later) }
		got, err := x.Explain(t.Context(), true, arn)
		if err != nil || len(got) != 1 {
			t.Fatal(err, got)
		}
		return got[0]
	}
	status, text := send(t, "GET", p.Console+"/-/v1/executions/"+arn+"/why", "")
	if err := json.Unmarshal([]byte(text), &a); err != nil || status != 200 {
		t.Fatal(status, err, text)
	}
	return a
}

// lineOf finds a mark in a file.
func lineOf(t *testing.T, dir, file, mark string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	at := strings.Index(string(text), mark)
	if err != nil || at < 0 {
		t.Fatal(err, "no ", mark, " in ", file)
	}
	return 1 + strings.Count(string(text[:at]), "\n")
}
