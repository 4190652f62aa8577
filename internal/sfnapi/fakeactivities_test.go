package sfnapi

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/activity"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
)

const packARN = "arn:aws:states:us-east-1:111111111111:activity:pack"

// shelf keeps activities in memory.
type shelf map[string][]byte

func (s shelf) Put(name string, value []byte) error { s[name] = value; return nil }
func (s shelf) Delete(name string) error            { delete(s, name); return nil }
func (s shelf) Each(f func(string, []byte) bool) error {
	for name, value := range s {
		if !f(name, value) {
			break
		}
	}
	return nil
}

// lends is an engine in which every attempt may be taken.
type lends struct{}

func (lends) TakeTask(context.Context, string, string) (bool, error) { return true, nil }

// shelved makes the activities of a test, with one Task that waits for activity pack.
func shelved(f *fake) *activity.Activities {
	a, err := activity.Open(activity.Config{Store: shelf{}, Region: "us-east-1", Account: "111111111111", Now: func() time.Time { return f.now },
		Host: func() activity.Host { return lends{} }})
	if err != nil {
		panic(err)
	}
	a.Queue(context.Background(), sfn.TaskCall{ExecutionARN: "x", Command: 1, Send: 1, Resource: packARN, TaskToken: "open", Parameters: jsonval.MustParse(`{"a": 1}`)})
	return a
}

// TestAPollThatFindsNothing: both members are null, as the clients of AWS read them.
func TestAPollThatFindsNothing(t *testing.T) {
	f := newFake()
	a := shelved(f)
	if _, err := a.CreateActivity(t.Context(), sfn.NewActivity{Name: "idle"}); err != nil {
		t.Fatal(err)
	}
	a.Close()
	h := New(Config{Host: f, Permissions: everybody{}, Activities: a})
	w := call(h, "GetActivityTask", `{"activityArn":"`+strings.Replace(packARN, "pack", "idle", 1)+`"}`)
	if got := w.Body.String(); w.Code != 200 || got != `{"taskToken":null,"input":null}` {
		t.Errorf("%d %s", w.Code, got)
	}
	if w := call(New(Config{Host: f, Permissions: everybody{}}), "ListActivities", `{}`); !strings.Contains(w.Body.String(), "UnknownOperationException") {
		t.Errorf("a server without activities: %s", w.Body)
	}
}

// TestAnActivitysPermissions: a role may name an activity by its ARN or as
// activity/NAME, in its tags too, and a list holds only what the caller may list.
func TestAnActivitysPermissions(t *testing.T) {
	f := newFake()
	a := shelved(f)
	for _, name := range []string{"pack", "ship"} {
		if _, err := a.CreateActivity(t.Context(), sfn.NewActivity{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	h := New(Config{Host: f, Permissions: named{"activity/pack"}, Activities: a, Account: "111111111111", Region: "us-east-1"})
	for _, name := range []string{"pack", "ship"} {
		arn := strings.Replace(packARN, "pack", name, 1)
		for action, body := range map[string]string{
			"DescribeActivity":    `{"activityArn":"` + arn + `"}`,
			"ListTagsForResource": `{"resourceArn":"` + arn + `"}`,
			"TagResource":         `{"resourceArn":"` + arn + `","tags":[{"key":"a"}]}`,
			"CreateActivity":      `{"name":"` + name + `"}`,
		} {
			w := call(h, action, body)
			if denied := strings.Contains(w.Body.String(), "AccessDeniedException"); denied != (name == "ship") {
				t.Errorf("%s on %s: %s", action, name, w.Body)
			}
		}
	}
	if w := call(h, "ListActivities", `{"maxResults":1}`); strings.Contains(w.Body.String(), "ship") || strings.Contains(w.Body.String(), "nextToken") ||
		!strings.Contains(w.Body.String(), `"name":"pack"`) {
		t.Errorf("the list: %s", w.Body)
	}
}

// named may do everything on the thing of one name.
type named struct{ resource string }

func (n named) Permit(_ context.Context, _ string, resources ...string) identity.Decision {
	return identity.Decision{Allowed: slices.Contains(resources, n.resource)}
}

func (n named) Anywhere(context.Context, string) identity.Decision {
	return identity.Decision{Allowed: true}
}
func (named) TokenOf(context.Context, string) (sfn.TokenOf, bool)        { return sfn.TokenOf{}, false }
func (named) User(context.Context) string                                { return "user:ada" }
func (named) Subject(context.Context) string                             { return "user:ada" }
func (named) Refused(context.Context, string, string, identity.Decision) {}
