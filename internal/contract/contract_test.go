package contract

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl"
	"stile/diag"
	"stile/internal/identity"
	"stile/policy"
)

const definition = `{"StartAt": "A", "States": {
 "A": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Next": "B",
  "Parameters": {"ApiEndpoint": "https://gate.example/pay/charge?x=1", "Method": "POST", "Authentication": {"ConnectionArn": "arn:there"}}},
 "B": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "C", "States": {
  "C": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "D", "States": {
   "D": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::apigateway:invoke",
    "Parameters": {"ApiEndpoint": "gate", "Method": "GET", "Stage": "pay", "Path": "/list"}}}}}}}]}}}`

func project(t *testing.T, def, role string) Project {
	t.Helper()
	src := diag.NewSource("m.asl.json", def)
	program, faults := asl.Parse(src)
	if program == nil {
		t.Fatal(faults)
	}
	r, faults := identity.ParseRole(diag.NewSource("roles/r.json", role))
	if r == nil {
		t.Fatal(faults)
	}
	return Project{
		Machines: []Machine{{Source: src, Program: program, RoleName: "r", Role: r}}, Names: []string{"order"},
		Locate: func(method, path string) (string, string, bool) {
			switch method + " " + path {
			case "POST /pay/charge":
				return "pay", "charge", true
			case "GET /pay/list":
				return "pay", "list", true
			}
			return "", "", false
		},
		Target: func(name string) (bool, bool) {
			return name != "https://else.example", name == "https://gate.example" || name == "gate" || name == "https://else.example"
		},
		Connection: func(arn string) bool { return arn == "arn:there" },
	}
}

func role(actions string) string {
	return `{"Version":"2012-10-17","Statement":[` + actions + `]}`
}

const all = `{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}`

// told is each warning in short: code and line.
func told(l diag.List) (out []string) {
	for _, d := range l {
		if d.Severity != diag.Warning || d.Line == 0 || d.Excerpt == "" || d.Hint == "" {
			out = append(out, "not whole: "+d.String())
			continue
		}
		out = append(out, d.Code+" "+d.File+" "+strings.TrimSpace(d.Excerpt[d.Column-1:d.Column-1+d.Width]))
	}
	return out
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		old, new, role string
		want           []string
	}{
		"kept":           {role: role(all)},
		"other host":     {"https://gate.example", "https://gote.example", role(all), []string{`STL-X001 m.asl.json "A"`}},
		"past the gate":  {"https://gate.example", "https://else.example", role(all), []string{`STL-X006 m.asl.json "A"`}},
		"no operation":   {"/pay/charge", "/pay/charg", role(all), []string{`STL-X002 m.asl.json "A"`}},
		"other method":   {`"Method": "POST"`, `"Method": "PUT"`, role(all), []string{`STL-X002 m.asl.json "A"`}},
		"nested":         {`"/list"`, `"/lost"`, role(all), []string{`STL-X002 m.asl.json "D"`}},
		"path by input":  {`"Path": "/list"`, `"Path.$": "$.p"`, role(all), nil},
		"host by input":  {`"ApiEndpoint": "gate"`, `"ApiEndpoint.$": "$.p"`, role(all), nil},
		"no connection":  {"arn:there", "arn:gone", role(all), []string{`STL-X004 m.asl.json "A"`}},
		"nothing allows": {role: role(`{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/pay/operation/list"}`), want: []string{`STL-X003 m.asl.json "A"`}},
		"denied": {role: role(all + `,{"Effect":"Deny","Action":"apim:Invoke","Resource":"api/pay/operation/list"}`),
			want: []string{`STL-X003 m.asl.json "D"`}},
	} {
		t.Run(name, func(t *testing.T) {
			def := definition
			if c.old != "" {
				if strings.Count(def, c.old) != 1 {
					t.Fatalf("%q stands %d times", c.old, strings.Count(def, c.old))
				}
				def = strings.Replace(def, c.old, c.new, 1)
			}
			if diff := cmp.Diff(c.want, told(Check(project(t, def, c.role)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADenialNamesTheRolesPlace(t *testing.T) {
	l := Check(project(t, definition, role("\n"+`{"Effect":"Deny","Action":"apim:Invoke","Resource":"api/pay/operation/charge"},`+all)))
	if len(l) != 1 || !strings.Contains(l[0].Message, "denies apim:Invoke on api/pay/operation/charge (roles/r.json:2)") {
		t.Errorf("%v", l)
	}
}

func TestPoliciesNameWorkflowsThatAreThere(t *testing.T) {
	p := Project{Names: []string{"order"}, Documents: []policy.Source{{File: "policy.xml",
		Text: "<x>\n <set-backend-service base-url=\"stile://workflows/ordr\" />\n <!-- stile://workflows/order/executions/1 --></x>"}}}
	l := Check(p)
	if diff := cmp.Diff([]string{"STL-X005 policy.xml ordr"}, told(l)); diff != "" {
		t.Error(diff)
	}
	if l[0].Line != 2 || l[0].Hint != "did you mean order?" {
		t.Errorf("%+v", l[0])
	}
}

// past is the project with the definition's two hosts outside, of which egress
// lists gate.example for the role.
func past(t *testing.T, def string, list ...Egress) Project {
	p := project(t, def, role(all))
	p.Target = func(string) (bool, bool) { return false, false }
	p.Egress = list
	p.Exit = func(host, role string) (Egress, bool) {
		for _, e := range list {
			if e.Host == host && slices.Contains(e.Roles, role) {
				return e, true
			}
		}
		return Egress{}, false
	}
	return p
}

func TestWhatLeavesTheGatewayIsListed(t *testing.T) {
	entry := func(host, role string, line int) Egress {
		return Egress{Host: host, Roles: []string{role}, Reason: "the bank asks for it", File: "stile.yaml", Line: line}
	}
	byInput := strings.Replace(strings.Replace(definition, `"ApiEndpoint": "https://gate`, `"ApiEndpoint.$": "$.u", "x": "https://gate`, 1), `"ApiEndpoint": "gate"`, `"ApiEndpoint.$": "$.u"`, 1)
	for name, c := range map[string]struct {
		def  string
		list []Egress
		want []string
	}{
		"nothing listed": {definition, nil, []string{
			"warning STL-X001 state A calls https://gate.example, which stile.yaml neither maps nor lets role r call: its calls fail with States.Permissions",
			"warning STL-X001 state D calls gate, which stile.yaml neither maps nor lets role r call: its calls fail with States.Permissions"}},
		"listed": {definition, []Egress{entry("gate.example", "r", 3), entry("gate", "r", 4)}, []string{
			"note STL-X007 state A calls https://gate.example past the gateway, as egress lets role r: the bank asks for it",
			"note STL-X007 state D calls gate past the gateway, as egress lets role r: the bank asks for it"}},
		"another role's, and nobody's": {definition, []Egress{entry("gate.example", "s", 3), entry("gate", "r", 4)}, []string{
			"warning STL-X001 state A calls https://gate.example, which stile.yaml neither maps nor lets role r call: its calls fail with States.Permissions",
			"note STL-X007 state D calls gate past the gateway, as egress lets role r: the bank asks for it",
			"warning STL-X008 no state of role s calls gate.example, which egress lets out"}},
		"by input": {byInput, []Egress{entry("gate.example", "r", 3), entry("*.b.example", "r", 4)}, []string{
			"note STL-X007 state A calls an address that its input decides: egress lets role r reach gate.example, *.b.example past the gateway",
			"note STL-X007 state D calls an address that its input decides: egress lets role r reach gate.example, *.b.example past the gateway"}},
		"by input, nothing listed":                         {byInput, nil, nil},
		"an entry without roles, which config has told of": {byInput, []Egress{{Host: "gate.example", File: "stile.yaml", Line: 3}}, nil},
	} {
		var got []string
		for _, d := range Check(past(t, c.def, c.list...)) {
			got = append(got, string(d.Severity)+" "+d.Code+" "+d.Message)
			if d.Code == CodeHost && !strings.Contains(d.Hint, `roles: [r], reason: "why"}`) || d.File == "" || d.Line == 0 {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestArgumentsOfJSONata: literals among Arguments promise what Parameters promise;
// what an expression gives is not guessed at.
func TestArgumentsOfJSONata(t *testing.T) {
	query := `{"QueryLanguage": "JSONata", ` + strings.ReplaceAll(definition[1:], `"Parameters"`, `"Arguments"`)
	for _, c := range []struct {
		change [2]string
		want   []string
	}{
		{[2]string{"", ""}, nil},
		{[2]string{"pay/charge", "pay/gone"}, []string{`STL-X002 m.asl.json "A"`}},
		{[2]string{`"arn:there"`, `"arn:gone"`}, []string{`STL-X004 m.asl.json "A"`}},
		{[2]string{`"/list"`, `"{% $states.input.path %}"`}, nil},
		{[2]string{`"arn:there"`, `"{% $states.input.arn %}"`}, nil},
	} {
		def := query
		if c.change[0] != "" {
			def = strings.Replace(query, c.change[0], c.change[1], 1)
		}
		got := told(Check(project(t, def, role(all))))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v: -want +got\n%s", c.change, diff)
		}
	}
}
