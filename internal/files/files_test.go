package files

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/diag"
)

var update = flag.Bool("update", false, "write what Load gives into the testdata files")

// TestLoad loads the project that each testdata file holds, and compares faults
// and nouns with the file's last part, `want`.
func TestLoad(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				write(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			project, faults := Load(dir)
			got := dump(dir, project, faults)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dump writes faults and nouns, one a line, the folder's own name left out.
func dump(dir string, p *Project, faults diag.List) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, d := range faults {
		line("%s %s", d.Severity, d)
		if d.Hint != "" {
			line("    hint: %s", d.Hint)
		}
	}
	svc := p.APIM
	if svc.Policy != nil {
		line("global policy %s", svc.Policy.File)
	}
	for _, a := range svc.APIs {
		line("api %s rev %s current %v version %q by %s %q path /%s -> %q key %v %s %s protocols %v", a.ID, a.Revision, a.IsCurrentRevision,
			a.Version, a.VersionScheme, a.VersionName, a.Path, a.ServiceURL, a.SubscriptionRequired, a.KeyHeader, a.KeyQuery, a.Protocols)
		if a.Policy != nil {
			line("  policy %s scope %s", a.Policy.File, a.Policy.Scope)
		}
		if a.Offline || a.WebSocket {
			line("  offline %v websocket %v", a.Offline, a.WebSocket)
		}
		for _, o := range a.Operations {
			line("  operation %s %q %s %s", o.ID, o.Name, o.Method, o.URLTemplate)
			if o.Policy != nil {
				line("    policy %s scope %s", o.Policy.File, o.Policy.Scope)
			}
		}
	}
	for _, x := range svc.Products {
		line("product %s %q %s subscription %v apis %v policy %v", x.ID, x.Name, x.State, x.SubscriptionRequired, x.APIs, x.Policy != nil)
	}
	for _, x := range svc.Subscriptions {
		line("subscription %s %q scope %q %s keys %d", x.ID, x.Name, x.Scope, x.State, len(x.Keys))
	}
	in := func(workspace string) string {
		if workspace == "" {
			return ""
		}
		return " in " + workspace
	}
	for _, x := range svc.Subscriptions {
		if x.Owner != "" || x.Workspace != "" || !x.End.IsZero() {
			line("  subscription %s owner %q%s end %v", x.ID, x.Owner, in(x.Workspace), x.End)
		}
	}
	for _, x := range svc.Products {
		if len(x.GroupIDs) > 0 {
			line("  product %s groups %v", x.ID, x.GroupIDs)
		}
	}
	for _, x := range svc.NamedValues {
		line("named value %s = %q secret %v %s%s", x.DisplayName, x.Value, x.Secret, x.Ref, in(x.Workspace))
	}
	for _, x := range svc.Fragments {
		line("fragment %s %s%s", x.ID, x.Source.File, in(x.Workspace))
	}
	for _, x := range svc.Schemas {
		line("schema %s %s xml %v %s", x.ID, x.File, x.XML, x.Text)
	}
	for _, x := range svc.Backends {
		line("backend %s %s%s", x.ID, x.BaseURL, in(x.Workspace))
	}
	for _, x := range svc.Workspaces {
		line("workspace %s %q policy %v", x.ID, x.Name, x.Policy != nil)
	}
	for _, x := range svc.Groups {
		line("group %s %q", x.ID, x.Name)
	}
	for _, x := range svc.Users {
		line("user %s %+v groups %v", x.ID, x.User, x.GroupIDs)
	}
	for _, x := range p.StateMachines {
		line("state machine %s %s role %q %s", x.Name, x.Type, x.Role, x.File)
	}
	var names []string
	for name := range p.Roles {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		line("role %s subscription %s", name, p.Roles[name].Subscription)
	}
	names = nil
	for name := range p.Connections {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := p.Connections[name]
		line("connection %s %s %s %s %s %s %+v", name, c.AuthorizationType, c.APIKeyName, c.APIKeyValue, c.Username, c.Password, c.Headers)
	}
	return strings.ReplaceAll(b.String(), filepath.ToSlash(dir)+"/", "")
}

func TestDefinition(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.asl.json": "{}", "b.asl.yaml": "StartAt: A\n", "c.json": "[]", "d.asl.yml": "a: [", "no name.asl.json": "{}"} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, tt := range []struct {
		file, name, definition string
		faults                 int
		ok                     bool
	}{
		{"a.asl.json", "a", "{}", 0, true}, {"b.asl.yaml", "b", "{\"StartAt\": \"A\"}\n", 0, true}, {"c.json", "c", "[]", 0, true},
		{"d.asl.yml", "d", "", 1, false}, {"no name.asl.json", "no name", "{}", 1, true}, {"gone.asl.json", "gone", "", 1, false},
	} {
		sm, faults, ok := Definition(filepath.Join(dir, tt.file))
		if sm.Name != tt.name || ok && sm.Definition != tt.definition || len(faults) != tt.faults || ok != tt.ok {
			t.Errorf("%s: %+v, %v, %v", tt.file, sm, faults, ok)
		}
	}
}

// TestNoProject: a project without anything, and one that is no folder.
func TestNoProject(t *testing.T) {
	p, faults := Load(t.TempDir())
	if p == nil || len(faults) > 0 || len(p.APIM.APIs) > 0 {
		t.Errorf("an empty folder: %+v, %v", p, faults)
	}
	file := filepath.Join(t.TempDir(), "f")
	write(t, file, "")
	for _, dir := range []string{file, file + "-gone"} {
		if p, faults := Load(dir); p != nil || len(faults) != 1 || !faults.HasErrors() {
			t.Errorf("%s: %+v, %v", dir, p, faults)
		}
	}
}
