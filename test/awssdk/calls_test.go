package awssdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
)

// TestCalls makes the calls of testdata/calls.json with this SDK and tells which of
// its actions and modelled errors they cover. An action or error that the SDK has and
// the file neither covers nor explains is a fault; so is an explanation of no use.
func TestCalls(t *testing.T) {
	c, f := client(t), readCalls(t)
	v := vars{"run": runID, "role": role, "states": "arn:aws:states:us-east-1:111111111111"}
	actions, errs := map[string]bool{}, map[string]bool{}
	for _, one := range f.Calls {
		if one.leftOut("go") {
			continue
		}
		for i := range max(one.Times, 1) {
			v["i"] = strconv.Itoa(i)
			if err := perform(t, c, one, v); err != nil {
				t.Errorf("%s: %v", one, err)
				if one.Error == "" { // what follows needs it
					t.FailNow()
				}
			}
		}
		switch {
		case one.Error != "":
			errs[one.Call+" "+one.Error] = true
		case one.Delete == "":
			actions[one.Call] = true
		}
	}
	workersBeyondTheLimit(t, c)
	errs["GetActivityTask ActivityWorkerLimitExceeded"] = true
	coverage(t, f, actions, errs)
}

// coverage compares what was done with what the SDK has.
func coverage(t *testing.T, f callFile, actions, errs map[string]bool) {
	t.Helper()
	modelled := modelledErrors(t)
	all, provoked := 0, 0
	used := map[int]bool{}
	var silent []string
	for _, action := range slices.Sorted(maps.Keys(modelled)) {
		if !actions[action] {
			t.Errorf("no call of %s succeeds", action)
		}
		for _, e := range modelled[action] {
			all++
			if errs[action+" "+e] {
				provoked++
				delete(errs, action+" "+e)
				continue
			}
			i := slices.IndexFunc(f.Unprovoked, func(u unprovoked) bool {
				return u.Error == e && (u.Call == "" || u.Call == action) && !slices.Contains(u.Not, "go")
			})
			if i < 0 {
				t.Errorf("%s of %s is neither provoked nor explained", e, action)
				continue
			}
			used[i] = true
			silent = append(silent, fmt.Sprintf("uncovered: %s %s: %s", action, e, f.Unprovoked[i].Why))
		}
	}
	for i, u := range f.Unprovoked {
		if !used[i] && !slices.Contains(u.Not, "go") {
			t.Errorf("%s %s is explained and need not be", u.Call, u.Error)
		}
	}
	for _, extra := range slices.Sorted(maps.Keys(errs)) {
		t.Errorf("%s is not modelled", extra)
	}
	tell(t, append([]string{fmt.Sprintf("figure: SDK for Go v2: %d of %d actions, %d of %d modelled errors",
		len(actions), len(modelled), provoked, all)}, silent...))
}

// tell shows lines with -v, and in the file of STILE_FIGURES to who runs all suites.
func tell(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		t.Log(line)
	}
	if file := os.Getenv("STILE_FIGURES"); file != "" {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// perform makes one call and judges its answer.
func perform(t *testing.T, c *sfn.Client, one call, v vars) error {
	t.Helper()
	if one.Delete != "" {
		return remove(t, v.text(t, one.Delete))
	}
	with := one.With
	if with == nil {
		with = map[string]any{}
	}
	data, err := json.Marshal(v.fill(t, with))
	if err != nil {
		return err
	}
	if one.List != "" {
		return listed(t, c, one, v, data)
	}
	if one.Until != nil {
		until(t, one.String()+" gives "+fmt.Sprint(one.Until), func() bool {
			answer, err := invoke(t.Context(), c, one.Call, data)
			return v.differs(t, shown(answer, err), one.Until) == nil
		})
		if one.Until["error"] != nil {
			return nil
		}
	}
	answer, err := invoke(t.Context(), c, one.Call, data)
	if one.Error != "" {
		return v.refusedAs(t, one, err)
	}
	if err != nil {
		return err
	}
	for name, path := range one.Keep {
		v[name] = fmt.Sprint(at(answer, path))
	}
	return v.differs(t, answer, one.Want)
}

// remove deletes what stands at a path of the control API.
func remove(t *testing.T, path string) error {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, endpoint+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("DELETE %s: %s", path, answer.Status)
	}
	return nil
}

// shown gives an answer, or the refusal as an object.
func shown(answer any, err error) any {
	if err != nil {
		return map[string]any{"error": typeOf(err)}
	}
	return answer
}

// refusedAs checks that an error is the SDK's own type for what was expected.
func (v vars) refusedAs(t *testing.T, one call, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("got %v", err)
	}
	if typeOf(err) != one.Error || api.ErrorCode() != one.Error {
		return fmt.Errorf("got %s, which the SDK takes for %q", err, typeOf(err))
	}
	if one.Message != "" && api.ErrorMessage() != v.text(t, one.Message) || api.ErrorMessage() == "" {
		return fmt.Errorf("the text is %q", api.ErrorMessage())
	}
	if one.Reason != "" {
		if r := reflect.ValueOf(api).Elem().FieldByName("Reason"); !r.IsValid() || r.String() != one.Reason {
			return fmt.Errorf("the reason is %v, want %s", r, one.Reason)
		}
	}
	return nil
}

// typeOf names the SDK's type of an error that is modelled; "" for any other.
func typeOf(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if typ := reflect.TypeOf(err); typ.Kind() == reflect.Pointer && strings.HasSuffix(typ.Elem().PkgPath(), "/service/sfn/types") {
			return typ.Elem().Name()
		}
	}
	return ""
}

// input makes the input of an action out of JSON.
func input(c *sfn.Client, action string, data []byte) (method, in reflect.Value, err error) {
	method = reflect.ValueOf(c).MethodByName(action)
	if !method.IsValid() {
		return method, in, fmt.Errorf("the SDK has no %s", action)
	}
	in = reflect.New(method.Type().In(1).Elem())
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return method, in, d.Decode(in.Interface())
}

// invoke calls an action by its name. Of the two that the SDK sends to sync-HOST that
// host leads to the server.
func invoke(ctx context.Context, c *sfn.Client, action string, data []byte) (answer any, err error) {
	method, in, err := input(c, action, data)
	if err != nil {
		return nil, err
	}
	return send(ctx, method, in)
}

func send(ctx context.Context, method, in reflect.Value) (answer any, err error) {
	out := method.Call([]reflect.Value{reflect.ValueOf(ctx), in, reflect.ValueOf(resolved)})
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, err
	}
	return asJSON(out[0].Interface())
}

// listed goes through all pages, with the SDK's paginator where there is one.
func listed(t *testing.T, c *sfn.Client, one call, v vars, data []byte) error {
	t.Helper()
	method, in, err := input(c, one.Call, data)
	if err != nil {
		return err
	}
	next := paginator(t.Context(), c, in.Interface())
	if next == nil {
		next = byHand(t.Context(), method, in)
	}
	var items []any
	pages := 0
	for more := true; more; pages++ {
		var answer any
		if answer, more, err = next(); err != nil {
			return err
		}
		page, _ := at(answer, one.List).([]any)
		items = append(items, page...)
	}
	if one.Least == 0 && len(items) != one.Count || len(items) < one.Least || one.Pages != 0 && pages != one.Pages {
		return fmt.Errorf("%d items on %d pages, want %d on %d", len(items), pages, one.Count, one.Pages)
	}
	return v.differs(t, items, one.Want)
}

// nextPage gives a page, and whether there is another one.
type nextPage func() (answer any, more bool, err error)

// byHand follows nextToken.
func byHand(ctx context.Context, method, in reflect.Value) nextPage {
	return func() (any, bool, error) {
		answer, err := send(ctx, method, in)
		if err != nil {
			return nil, false, err
		}
		token, more := at(answer, "nextToken").(string)
		if more {
			in.Elem().FieldByName("NextToken").Set(reflect.ValueOf(&token))
		}
		return answer, more, nil
	}
}

// paginator gives the pages of an action by the SDK's own paginator; nil for none.
func paginator(ctx context.Context, c *sfn.Client, in any) nextPage {
	switch in := in.(type) {
	case *sfn.GetExecutionHistoryInput:
		return paged(ctx, sfn.NewGetExecutionHistoryPaginator(c, in))
	case *sfn.ListActivitiesInput:
		return paged(ctx, sfn.NewListActivitiesPaginator(c, in))
	case *sfn.ListExecutionsInput:
		return paged(ctx, sfn.NewListExecutionsPaginator(c, in))
	case *sfn.ListMapRunsInput:
		return paged(ctx, sfn.NewListMapRunsPaginator(c, in))
	case *sfn.ListStateMachinesInput:
		return paged(ctx, sfn.NewListStateMachinesPaginator(c, in))
	}
	return nil
}

func paged[O any](ctx context.Context, p interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*sfn.Options)) (O, error)
}) nextPage {
	return func() (any, bool, error) {
		out, err := p.NextPage(ctx)
		if err != nil {
			return nil, false, err
		}
		answer, err := asJSON(out)
		return answer, p.HasMorePages(), err
	}
}

// modelledErrors reads from the SDK's source which errors it knows by type, for each of
// its actions: a function for each action holds one comparison for each error.
func modelledErrors(t *testing.T) map[string][]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/sfn").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "deserializers.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		action, ok := strings.CutPrefix(f.Name.Name, "awsAwsjson10_deserializeOpError")
		if !ok {
			continue
		}
		out[action] = nil
		ast.Inspect(f.Body, func(n ast.Node) bool {
			one, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := one.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "EqualFold" {
				name, err := strconv.Unquote(one.Args[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out[action] = append(out[action], name)
			}
			return true
		})
	}
	// What the client has methods for is the same list: a source that is written otherwise
	// some day is noticed here.
	for m := range reflect.TypeFor[*sfn.Client]().Methods() {
		if _, ok := out[m.Name]; !ok && m.Name != "Options" {
			t.Errorf("the errors of %s were not found", m.Name)
		}
	}
	if len(out) != 37 || len(slices.Concat(slices.Collect(maps.Values(out))...)) < 150 {
		t.Errorf("found %d actions", len(out))
	}
	return out
}
