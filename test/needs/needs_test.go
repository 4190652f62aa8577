package needs

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	// The binary under test is not seen by Go's test cache; this makes the test
	// program change with the product.
	_ "stile/internal/cli"
)

// block is one command of the page and what it prints.
type block struct {
	line    int
	need    string // the heading that it stands under
	command string
	// wait asks again until the output fits: what is told of comes by itself.
	wait   bool
	output string
}

// read takes the page apart. A fence of sh is a command, `sh wait` one that is asked
// again; the fence of output after it is what it prints, where … stands for any text.
func read(t *testing.T, text string) (out []block) {
	t.Helper()
	need, in, from := "", "", 0
	var body []string
	for i, l := range strings.Split(text, "\n") {
		switch {
		case in == "" && strings.HasPrefix(l, "## "):
			need = strings.TrimPrefix(l, "## ")
		case in == "" && strings.HasPrefix(l, "```"):
			in, from, body = strings.TrimPrefix(l, "```")+" ", i+1, nil
		case in != "" && l == "```":
			text := strings.Join(body, "\n")
			switch in {
			case "sh ", "sh wait ":
				out = append(out, block{line: from, need: need, command: text, wait: in == "sh wait "})
			case "output ":
				if len(out) == 0 || out[len(out)-1].output != "" {
					t.Fatalf("line %d: an output without a command", from)
				}
				out[len(out)-1].output = text
			}
			in = ""
		case in != "":
			body = append(body, l)
		}
	}
	for _, b := range out {
		if b.output == "" {
			t.Errorf("line %d: the page does not say what this prints: %s", b.line, b.command)
		}
	}
	return out
}

// fits reports whether got is what the page says; … stands for any text. Runs of
// blanks and line ends are one: columns and lines are as wide as this run's names.
func fits(want, got string) bool {
	blanks := regexp.MustCompile(`\s+`)
	want, got = blanks.ReplaceAllString(want, " "), blanks.ReplaceAllString(got, " ")
	var p strings.Builder
	p.WriteString(`(?s)^`)
	for i, part := range strings.Split(strings.TrimSpace(want), "…") {
		if i > 0 {
			p.WriteString(`.*?`)
		}
		p.WriteString(regexp.QuoteMeta(part))
	}
	p.WriteString(`$`)
	return regexp.MustCompile(p.String()).MatchString(strings.TrimSpace(got))
}

// TestFits shows that the comparison can fail.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a … c", "a b c\n", true}, {"a … c", "a b", false}, {"401", "401", true}, {"401", "4010", false},
		{"x\n…\ny", "x\n1\n2\ny", true}, {"a.c", "abc", false},
	} {
		if fits(c.want, c.got) != c.ok {
			t.Errorf("%q, %q: not %v", c.want, c.got, c.ok)
		}
	}
}

// TestPage runs docs/needs.md from top to bottom.
func TestPage(t *testing.T) {
	for _, program := range []string{"curl", "jq", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not here: sudo make deps", program)
		}
	}
	page, err := os.ReadFile("../../docs/needs.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, string(page))
	blocks := read(t, w.here(string(page)))
	if len(blocks) < 15 {
		t.Fatalf("the page has %d commands", len(blocks))
	}
	needs := map[string]int{}
	for _, b := range blocks {
		got := w.do(t, b)
		if !fits(b.output, got) {
			// The commands after it are run all the same: an edit shows all it changed.
			t.Errorf("docs/needs.md:%d: %s\nprints:\n%s\nthe page says:\n%s", b.line, b.command, got, b.output)
		}
		needs[b.need]++
	}
	if len(needs) < 8 {
		t.Errorf("the page shows %d needs", len(needs))
	}
	if t.Failed() {
		t.Fatalf("log of the server:\n%s", w.logged(t))
	}
	t.Logf("%d needs, %d commands, all as the page says", len(needs), len(blocks))
}

// world is a server on a copy of the example, and the clouds that it speaks to.
type world struct {
	cloud *cloud
	dir   string
	env   []string
	ports [][2]string // address in the page, address here
	log   *os.File
}

// additions are what the page has its readers write into stile.yaml.
func additions(page string) (out string) {
	for _, m := range regexp.MustCompile("(?s)\n```yaml stile.yaml\n(.*?\n)```\n").FindAllStringSubmatch(page, -1) {
		out += "\n" + m[1]
	}
	return out
}

func newWorld(t *testing.T, page string) *world {
	t.Helper()
	tmp := t.TempDir()
	w := &world{cloud: newCloud(t), dir: filepath.Join(tmp, "refunds")}
	if err := os.CopyFS(w.dir, os.DirFS("../../examples/refunds")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, ".stile")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.dir, "stile.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	added := additions(page)
	if added == "" {
		t.Fatal("the page adds nothing to stile.yaml")
	}
	if err := os.WriteFile(file, append(text, added...), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{7400, 7443, 7480, 7492, 7494} {
		w.ports = append(w.ports, [2]string{fmt.Sprintf("127.0.0.1:%d", port), freePort(t)})
	}
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(w.here(string(text))), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	binary := build(t)
	w.cloud.vault.Set("acme-refunds", "bank-key", "the first key of the bank")
	w.cloud.vault.Set("acme-refunds", "gateway-key", "a key of the gateway")
	w.env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "STILE_SERVER="+w.ports[0][1], "HOME="+tmp,
		"XDG_CONFIG_HOME="+tmp, "NO_COLOR=1", "HTTPS_PROXY="+w.cloud.proxy, "SSL_CERT_FILE="+w.cloud.ca, "NO_PROXY=127.0.0.1,localhost",
		"AZURE_TENANT_ID="+w.cloud.vault.Tenant, "AZURE_CLIENT_ID="+w.cloud.vault.Client, "AZURE_CLIENT_SECRET="+w.cloud.vault.ClientSecret,
		"CLIENT_ID="+w.cloud.entra.ClientID, "CLIENT_SECRET="+w.cloud.entra.ClientSecret,
		"APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://"+insightsHost+"/")
	w.control(t)
	w.start(t, binary, tmp)
	return w
}

// here puts this run's addresses in place of the page's.
func (w *world) here(text string) string {
	for _, p := range w.ports {
		text = strings.ReplaceAll(text, p[0], p[1])
	}
	return text
}

// control lets the page's commands reach the played clouds: what a person would do
// with `az` or in the portal.
func (w *world) control(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /vault/{name}", func(rw http.ResponseWriter, r *http.Request) {
		var value bytes.Buffer
		value.ReadFrom(r.Body)
		w.cloud.vault.Set("acme-refunds", r.PathValue("name"), value.String())
	})
	mux.HandleFunc("GET /insights", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, w.cloud.received()) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	w.env = append(w.env, "CLOUD=http://"+l.Addr().String())
}

func (w *world) start(t *testing.T, binary, tmp string) {
	t.Helper()
	var err error
	if w.log, err = os.CreateTemp(tmp, "log"); err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(tmp, "ready")
	cmd := exec.Command(binary, "dev", filepath.Base(w.dir), "--ready-file", ready, "--ephemeral", "--control", w.ports[0][1], "--control-tls", w.ports[1][1], "--gateway", w.ports[2][1])
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = w.env, w.log, w.log, filepath.Dir(w.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-exited
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); ; {
		if _, err := os.Stat(ready); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-exited:
			t.Fatalf("the server ended:\n%s", w.logged(t))
		case <-deadline:
			t.Fatalf("the server is not ready:\n%s", w.logged(t))
		}
	}
}

func (w *world) logged(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(w.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// do runs a command in the project's folder and gives what it prints, both streams.
func (w *world) do(t *testing.T, b block) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", b.command)
		cmd.Env, cmd.Dir = w.env, w.dir
		out, _ := cmd.CombinedOutput() // what a refused command prints is on the page too
		if !b.wait || ctx.Err() != nil || fits(b.output, string(out)) {
			return string(out)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// build gives the binary that STILE names, else builds it.
func build(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("STILE"); named != "" {
		if _, err := os.Stat(named); err != nil {
			t.Fatal(err)
		}
		return named
	}
	binary := filepath.Join(t.TempDir(), "stile")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "stile/cmd/stile")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the binary does not build: %v\n%s", err, out)
	}
	return binary
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
