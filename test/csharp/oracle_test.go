package csharp

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stile/internal/recorded"
)

// needed are the programs of mono, and where Debian puts Newtonsoft.Json.
const (
	packages   = "apt: mono-mcs mono-runtime libnewtonsoft-json5.0-cil"
	newtonsoft = "/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll"
)

// usings are the namespaces that policy expressions see.
const usings = `using System; using System.Collections.Generic; using System.Globalization; using System.IO; using System.Linq; using System.Net; using System.Security.Cryptography; using System.Security.Cryptography.X509Certificates; using System.Text; using System.Text.RegularExpressions; using System.Xml; using System.Xml.Linq; using Newtonsoft.Json; using Newtonsoft.Json.Linq; using Formatting = Newtonsoft.Json.Formatting;`

// oracle is mono, with the fixture compiled.
type oracle struct {
	t       *testing.T
	dir     string
	context string // path of the context document
}

// newOracle compiles the fixture, or skips.
func newOracle(t *testing.T) *oracle {
	t.Helper()
	for _, program := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is absent (%s)", program, packages)
		}
	}
	if _, err := os.Stat(newtonsoft); err != nil {
		t.Skipf("%s is absent (%s)", newtonsoft, packages)
	}
	source, err := os.ReadFile(recorded.Path(t, "tools/csharp-oracle/context.cs"))
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{t: t, dir: t.TempDir(), context: "../../policy/expr/testdata/context.json"}
	if keep := os.Getenv("CSHARP_DIR"); keep != "" {
		o.dir = keep
		if err := os.MkdirAll(keep, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fixture, err := os.ReadFile("testdata/fixture.cs")
	if err != nil {
		t.Fatal(err)
	}
	o.write("context.cs", alive(string(source)))
	o.write("fixture.cs", string(fixture))
	library, err := os.ReadFile(newtonsoft)
	if err != nil {
		t.Fatal(err)
	}
	o.write("Newtonsoft.Json.dll", string(library))
	if out := o.mcs("-target:library", "-out:fixture.dll", "context.cs", "fixture.cs"); strings.Contains(out, "error CS") {
		t.Fatalf("the fixture does not compile:\n%s", out)
	}
	return o
}

// alive puts the fixture's readers into the extension methods that the oracle's
// context only declares.
func alive(source string) string {
	for _, pair := range [][2]string{
		{"AsBasic(this string s){ return null; }", "AsBasic(this string s){ return Fx.ReadBasic(s); }"},
		{"{ b=null; return false; }", "{ b=Fx.ReadBasic(s); return b != null; }"},
		{"AsJwt(this string s){ return null; }", "AsJwt(this string s){ return Fx.ReadJwt(s); }"},
		{"{ j=null; return false; }", "{ j=Fx.ReadJwt(s); return j != null; }"},
		{`ToQueryString(this IDictionary<string,IList<string>> d){ return ""; }`, "ToQueryString(this IDictionary<string,IList<string>> d){ return Fx.Form(d); }"},
		{`ToFormUrlEncodedContent(this IDictionary<string,IList<string>> d){ return ""; }`, "ToFormUrlEncodedContent(this IDictionary<string,IList<string>> d){ return Fx.Form(d); }"},
	} {
		source = strings.Replace(source, pair[0], pair[1], 1)
	}
	return source
}

// report writes what differs, for whoever asked for a folder by CSHARP_DIR.
func (o *oracle) report(name string, differences []string) {
	if os.Getenv("CSHARP_DIR") != "" {
		o.write(strings.ReplaceAll(name, " ", "-")+".differences.txt", strings.Join(differences, "\n\n")+"\n")
	}
}

func (o *oracle) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o644); err != nil {
		o.t.Fatal(err)
	}
}

// mcs runs the compiler and gives what it prints.
func (o *oracle) mcs(args ...string) string {
	o.t.Helper()
	fixed := []string{"-langversion:7", "-warn:0", "-debug-", "-r:System.Core", "-r:System.Xml", "-r:System.Xml.Linq", "-r:System.Numerics", "-r:Newtonsoft.Json.dll"}
	cmd := exec.Command("mcs", append(fixed, args...)...)
	cmd.Dir = o.dir
	out, _ := cmd.CombinedOutput() // a refusal is told by what is printed
	return string(out)
}

// wrapped is an expression as a method of a class of its own. What follows "@(" or
// "@{" stands on lines of its own, so that a comment ends.
func wrapped(class, expr string) string {
	inner := expr[2 : len(expr)-1]
	if strings.HasPrefix(expr, "@{") {
		return fmt.Sprintf("%s\npublic static class %s { public static object Run(IContext context) {\n%s\n} }\n", usings, class, inner)
	}
	return fmt.Sprintf("%s\npublic static class %s { public static object Run(IContext context) { return (object)(\n%s\n); } }\n", usings, class, inner)
}

var fault = regexp.MustCompile(`(?m)^(e\d+)\.cs\((\d+),\d+\+?\): error (CS\d+: .*)$`)

// batch bounds how many expressions one run of the compiler takes.
const batch = 1000

// verdicts compiles expressions: the text of the first error of each, empty where
// it is legal. With run set, legal ones run, and outcomes holds what they gave.
func (o *oracle) verdicts(exprs []string, run bool) (errors, outcomes []string) {
	o.t.Helper()
	errors, outcomes = make([]string, len(exprs)), make([]string, len(exprs))
	for from := 0; from < len(exprs); from += batch {
		o.one(exprs, from, min(from+batch, len(exprs)), run, errors, outcomes)
	}
	return errors, outcomes
}

func (o *oracle) one(exprs []string, from, to int, run bool, errors, outcomes []string) {
	o.t.Helper()
	live := []int{}
	for i := from; i < to; i++ {
		o.write(fmt.Sprintf("e%d.cs", i), wrapped(fmt.Sprintf("E%d", i), exprs[i]))
		live = append(live, i)
	}
	for round := 0; ; round++ {
		var files, table bytes.Buffer
		for _, i := range live {
			fmt.Fprintf(&files, "e%d.cs\n", i)
			fmt.Fprintf(&table, "all.Add(new System.Collections.Generic.KeyValuePair<string, System.Func<IContext, object>>(\"%d\", E%d.Run));\n", i, i)
		}
		o.write("table.cs", "public static class Table { public static void Main(string[] args) { var all = new System.Collections.Generic.List<System.Collections.Generic.KeyValuePair<string, System.Func<IContext, object>>>();\n"+
			table.String()+"Fx.RunAll(args[0], all); } }\n")
		o.write("files.rsp", files.String()+"table.cs\n")
		out := o.mcs("-r:fixture.dll", "-out:all.exe", "@files.rsp")
		bad := map[int]bool{}
		for _, m := range fault.FindAllStringSubmatch(out, -1) {
			var i int
			fmt.Sscanf(m[1], "e%d", &i)
			if !bad[i] {
				bad[i], errors[i] = true, m[3]
			}
		}
		if len(bad) == 0 {
			if strings.Contains(out, "error CS") || strings.Contains(out, "Unhandled Exception") || strings.Contains(out, "Internal compiler error") {
				o.t.Fatalf("the compiler stumbled:\n%.3000s", out)
			}
			break
		}
		if round > 30 {
			o.t.Fatalf("the compiler finds no end:\n%.3000s", out)
		}
		rest := live[:0]
		for _, i := range live {
			if !bad[i] {
				rest = append(rest, i)
			}
		}
		live = rest
	}
	if run && len(live) > 0 {
		o.run(outcomes)
	}
}

// run executes what was compiled and reads a line for each expression.
func (o *oracle) run(outcomes []string) {
	o.t.Helper()
	doc, err := filepath.Abs(o.context)
	if err != nil {
		o.t.Fatal(err)
	}
	cmd := exec.Command("mono", "all.exe", doc)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LANG=C.UTF-8")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatalf("mono: %v\n%.2000s", err, errs.String())
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		id, text, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		var i int
		if _, err := fmt.Sscanf(id, "%d", &i); err == nil && i < len(outcomes) {
			outcomes[i] = text
		}
	}
}
