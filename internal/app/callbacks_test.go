package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// callbackPolicy is the document of the built-in API.
func callbackPolicy(inbound string) []string {
	return []string{"apim/apis/callbacks/policy.xml", "<policies>\n  <inbound>\n    <base />\n    " + inbound +
		"\n  </inbound>\n  <backend><base /></backend>\n  <outbound><base /></outbound>\n</policies>\n"}
}

type delivery struct {
	State, Kind, Answer, Via, Subject, WebhookID string
	Status                                       int
	Verdict                                      struct{ Policy, At, Reason string }
}

// timeline is what happened on an execution's callbacks, and how many are open.
func (p *product) timeline(arn string) (lines []string, open int) {
	p.t.Helper()
	var got struct {
		Open       []json.RawMessage
		Deliveries []delivery
	}
	_, text := send(p.t, "GET", p.Console+"/-/v1/executions/"+arn+"/callbacks", "")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		p.t.Fatal(err, text)
	}
	for _, d := range got.Deliveries {
		at := d.Verdict.At[strings.LastIndexByte(d.Verdict.At, '/')+1:]
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintln(d.State, d.Kind, d.Answer, d.Status, d.Via, d.WebhookID, d.Verdict.Policy, at, d.Verdict.Reason)), " "))
	}
	return lines, len(got.Open)
}

// TestCallbacksBehindPolicies: what a policy refuses changes nothing, and stands on
// the execution's timeline with its place.
func TestCallbacksBehindPolicies(t *testing.T) {
	key := []byte("0123456789abcdef01234567")
	signed := func(body string) []string {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		m := hmac.New(sha256.New, key)
		m.Write([]byte("msg_1." + now + "." + body))
		return []string{"webhook-id", "msg_1", "webhook-timestamp", now, "webhook-signature", "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))}
	}
	const body = `{"approved":true}`
	for name, c := range map[string]struct {
		policy  string
		headers []string
		status  int
		line    string
	}{
		"ip-filter": {`<ip-filter action="allow"><address>192.0.2.1</address></ip-filter>`, nil, 403,
			"complete refused 403 url ip-filter policy.xml:4 CallerIpNotAllowed"},
		"validate-jwt": {`<validate-jwt header-name="Authorization"><issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys></validate-jwt>`,
			nil, 401, "complete refused 401 url validate-jwt policy.xml:4 TokenNotPresent"},
		"validate-webhook": {`<validate-webhook scheme="standard" secret="whsec_` + base64.StdEncoding.EncodeToString(key) + `" />`,
			signed(`{"approved":false}`), 401, "complete refused 401 url msg_1 validate-webhook policy.xml:4 WebhookSignatureInvalid"},
	} {
		t.Run(name, func(t *testing.T) {
			backend, _ := answering(t)
			p := dev(t, folder(t, backend, await, callbackPolicy(c.policy)...), t.TempDir())
			arn := p.start("one")
			before := p.until(arn, "it waits", has("TaskSubmitted"))
			at := p.callback()
			if got, text := send(t, "POST", at, body, c.headers...); got != c.status {
				t.Errorf("%d %s, want %d", got, text, c.status)
			}
			altered := strings.Replace(at, "/callbacks/A", "/callbacks/B", 1)
			send(t, "POST", altered, body, c.headers...)
			if after := p.history(arn); !slices.Equal(after, before) {
				t.Errorf("the history changed:\n%+v\n%+v", before, after)
			}
			want := []string{"Reserve " + c.line}
			lines, open := p.timeline(arn)
			if diff := cmp.Diff(want, lines); diff != "" || open != 1 {
				t.Errorf("%d open\n%s", open, diff)
			}
			if name != "validate-webhook" {
				return
			}
			for _, status := range []int{200, 200} { // the same again too
				if got, text := send(t, "POST", at, body, signed(body)...); got != status {
					t.Errorf("%d %s, want %d", got, text, status)
				}
			}
			p.until(arn, "end", ended)
			want = append(want, "Reserve complete accepted 0 url msg_1", "Reserve complete repeated 0 url msg_1")
			if lines, open := p.timeline(arn); !slices.Equal(lines, want) || open != 0 {
				t.Errorf("%d open, %q", open, lines)
			}
		})
	}
}

const approvalOptions = `role: one-role
states:
  Reserve:
    approval:
      title: Reserve for a large order?
      show: [$.total, $$.Execution.Name]
      choices:
        - {label: Approve, output: {approved: true, by: page}}
        - {label: Reject, error: Rejected, cause: too dear}
`

// approvalForm reads the fields of the page's one form.
func (p *product) approvalForm() (url.Values, string) {
	p.t.Helper()
	status, page := send(p.t, "GET", p.Console+"/approvals", "")
	if status != 200 {
		p.t.Fatal(status, page)
	}
	out := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		out.Set(m[1], m[2])
	}
	return out, page
}

// postForm sends a form and does not follow where it leads.
func (p *product) postForm(form url.Values) (status int, location string) {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(p.Console+"/approvals", form)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Location")
}

// TestAnApprovalOnThePage opens the page, chooses, and the state goes on with what
// the project's file says.
func TestAnApprovalOnThePage(t *testing.T) {
	backend, _ := answering(t)
	p := dev(t, folder(t, backend, await, "workflows/one.workflow.yaml", approvalOptions), t.TempDir())
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	form, page := p.approvalForm()
	if !strings.Contains(page, "Reserve for a large order?") || !strings.Contains(page, arn[strings.LastIndexByte(arn, ':')+1:]) || strings.Contains(page, "/callbacks/") {
		t.Errorf("page %s", page)
	}
	form.Set("choice", "0")
	forged := url.Values{}
	for k := range form {
		forged.Set(k, form.Get(k))
	}
	forged.Set("form", strings.Repeat("0", 64))
	if status, _ := p.postForm(forged); status != 401 {
		t.Errorf("a forged form: %d", status)
	}
	if status, location := p.postForm(form); status != 303 || !strings.HasPrefix(location, "/approvals?done=completed") {
		t.Fatalf("%d %s", status, location)
	}
	events := p.until(arn, "end", ended)
	if i := slices.IndexFunc(events, func(e event) bool { return e.Type == "TaskSucceeded" }); i < 0 || events[i].TaskSucceededEventDetails.Output != `{"approved":true,"by":"page"}` {
		t.Errorf("history %+v", events)
	}
	other := form
	other.Set("choice", "1")
	if status, _ := p.postForm(other); status != 410 {
		t.Errorf("a late form: %d", status)
	}
	lines, _ := p.timeline(arn)
	if want := []string{"Reserve complete accepted 0 page", "Reserve fail conflict 0 page"}; !slices.Equal(lines, want) {
		t.Errorf("timeline %q", lines)
	}
	_, audit := send(t, "GET", p.Console+"/-/v1/audit?action=states:SendTaskSuccess", "")
	if !strings.Contains(audit, `"via":"page"`) || !strings.Contains(audit, form.Get("callback")) {
		t.Errorf("audit %s", audit)
	}
}

// TestOneAnswerOfMany races the URL, the control API, the page and AWS's action for
// one state.
func TestOneAnswerOfMany(t *testing.T) {
	backend, _ := answering(t)
	p := dev(t, folder(t, backend, await, "workflows/one.workflow.yaml", approvalOptions), t.TempDir())
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	at := p.callback()
	form, _ := p.approvalForm()
	form.Set("choice", "0")
	var mu sync.Mutex
	var won []string
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			way, good := "", false
			switch i % 4 {
			case 0:
				way = "url"
				status, _ := send(t, "POST", at, `{"n":`+strconv.Itoa(i)+`}`)
				good = status == 200
			case 1:
				way = "api"
				status, _ := send(t, "POST", p.Console+"/-/v1/callbacks/complete", `{"callback":"`+form.Get("callback")+`","output":`+strconv.Itoa(i)+`}`, "Content-Type", "application/json")
				good = status == 200
			case 2:
				way = "aws"
				status, _ := send(t, "POST", p.Console+"/", `{"taskToken":"`+at[strings.LastIndexByte(at, '/')+1:]+`","output":"`+strconv.Itoa(i)+`"}`,
					"X-Amz-Target", "AWSStepFunctions.SendTaskSuccess", "Content-Type", "application/x-amz-json-1.0")
				good = status == 200
			case 3: // the same click each time: one answer, and its repetitions
				way = "page"
				status, _ := p.postForm(form)
				good = status == 303
			}
			if good {
				mu.Lock()
				won = append(won, way)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	events := p.until(arn, "end", ended)
	want := map[string]int{"page": 16}
	if len(won) == 0 || len(won) != max(1, want[won[0]]) || len(slices.Compact(won)) != 1 || count(events, "TaskSucceeded") != 1 {
		t.Errorf("won: %q; history %+v", won, events)
	}
}

// TestRevokeAndResendOverTheAPI: the receiver gets a URL that works again.
func TestRevokeAndResendOverTheAPI(t *testing.T) {
	backend, calls := answering(t)
	p := dev(t, folder(t, backend, await), t.TempDir())
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	old := p.callback()
	verb := func(verb, want string) {
		t.Helper()
		name := arn[strings.LastIndexByte(arn, ':')+1:] + "/Reserve"
		status, text := send(t, "POST", p.Console+"/-/v1/callbacks/"+verb, `{"callback":"`+name+`"}`, "Content-Type", "application/json")
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", verb, status, text)
		}
	}
	verb("revoke", `"status":"revoked"`)
	if status, _ := send(t, "POST", old, "{}"); status != 410 {
		t.Errorf("a revoked URL: %d", status)
	}
	verb("resend", `"status":"sent","send":2,"newUrl":true`)
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	fresh := p.callback()
	for _, c := range []struct {
		at   string
		want int
	}{{old, 410}, {fresh, 200}, {fresh, 200}, {old, 410}} {
		if status, text := send(t, "POST", c.at, "{}"); status != c.want {
			t.Errorf("%s: %d %s, want %d", c.at, status, text, c.want)
		}
	}
	p.until(arn, "end", ended)
}

// TestApprovalsAreHeldAgainstTheDefinition: at load, with their places.
func TestApprovalsAreHeldAgainstTheDefinition(t *testing.T) {
	for state, want := range map[string]string{
		"Reserv":  "workflow.yaml:3:3: states names Reserv, which is no state of the definition",
		"Reserve": "workflow.yaml:3:3: state Reserve has an approval and waits for no token",
	} {
		dir := folder(t, "http://127.0.0.1:9", invoke, "workflows/one.workflow.yaml", "role: one-role\nstates:\n  "+state+": {approval: {title: T}}\n")
		faults, err := Check([]string{dir})
		if err != nil || !faults.HasErrors() || !strings.Contains(faults.Error(), want) {
			t.Errorf("%v, %v", faults, err)
		}
	}
}
