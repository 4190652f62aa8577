package browser

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"stile/internal/identity/idptest"
)

// world is `stile dev` on a copy of the example with a login, and a browser.
type world struct {
	t       *testing.T
	dir     string
	ports   map[string]string // address in the example → address here
	control string            // URL
	gateway string            // URL
	idp     *idptest.Provider
	log     *os.File
	env     []string
}

// operator may see and do what the walk does; clerk may see alone.
const (
	operatorRole = `{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"states:*","Resource":["stateMachine/order","stateMachine/order/**"]},
  {"Effect":"Allow","Action":"apim:Trace","Resource":"**"}]}`
	assignments = `- {principal: "user:%s", provider: acme, role: operator}
`
)

func newWorld(t *testing.T) *world {
	t.Helper()
	tmp := t.TempDir()
	w := &world{t: t, dir: filepath.Join(tmp, "orders"), ports: map[string]string{}, idp: idptest.New(t, idptest.Generic)}
	if err := os.CopyFS(w.dir, os.DirFS("../../examples/orders")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, ".stile")); err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{7400, 7443, 7480, 7491, 7492, 7493, 7494} {
		w.ports[fmt.Sprintf("127.0.0.1:%d", port)] = freePort(t)
	}
	w.each(func(text string) string {
		for from, to := range w.ports {
			text = strings.ReplaceAll(text, from, to)
		}
		return text
	})
	w.control, w.gateway = "http://"+w.ports["127.0.0.1:7400"], "http://"+w.ports["127.0.0.1:7480"]
	w.write("stile.yaml", w.read("stile.yaml")+fmt.Sprintf(`
identity:
  providers:
    - {name: acme, kind: generic, issuer: %q, client-id: %q, client-secret: {secret: "env://IDP_SECRET"}}
`, w.idp.Issuer, w.idp.ClientID))
	w.env = append(os.Environ(), "IDP_SECRET="+w.idp.ClientSecret, "HOME="+tmp, "XDG_CONFIG_HOME="+tmp)
	w.write("roles/operator.json", operatorRole)
	w.write("assignments.yaml", fmt.Sprintf(assignments, "00u-ada"))
	return w
}

// each rewrites every file of the project.
func (w *world) each(change func(string) string) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(change(string(text))), 0o644)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start() {
	w.t.Helper()
	binary := os.Getenv("STILE")
	if binary == "" {
		binary = filepath.Join(w.t.TempDir(), "stile")
		cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "./cmd/stile")
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			w.t.Fatalf("the binary does not build: %v\n%s", err, out)
		}
	}
	tmp := w.t.TempDir()
	ready := filepath.Join(tmp, "ready")
	var err error
	if w.log, err = os.CreateTemp(tmp, "log"); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(binary, "dev", w.dir, "--ephemeral", "--ready-file", ready, "--control", w.ports["127.0.0.1:7400"],
		"--control-tls", w.ports["127.0.0.1:7443"], "--gateway", w.ports["127.0.0.1:7480"])
	cmd.Stdout, cmd.Stderr, cmd.Env = w.log, w.log, w.env
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	w.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		if w.t.Failed() {
			text, _ := os.ReadFile(w.log.Name())
			w.t.Logf("log of the server:\n%s", text)
		}
	})
	w.eventually("the server is ready", func() error { _, err := os.Stat(ready); return err })
}

// eventually asks again until there is no error.
func (w *world) eventually(what string, ask func() error) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(40 * time.Second); ; {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("%s: not in time: %v", what, err)
		}
	}
}

// order places an order through the gate and gives its id.
func (w *world) order(body string) string {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.gateway+"/orders", bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Ocp-Apim-Subscription-Key", "demo-key")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		w.t.Fatalf("the order was answered %s", res.Status)
	}
	return strings.TrimPrefix(res.Header.Get("Location"), "/orders/")
}

// browser opens Chromium and watches what its pages load and complain of.
func (w *world) browser() context.Context {
	w.t.Helper()
	program := chromium(w.t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1400, 1200))
	ctx, cancel := chromedp.NewExecAllocator(w.t.Context(), options...)
	w.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	w.t.Cleanup(cancel)
	var mu sync.Mutex
	var bad []string
	chromedp.ListenTarget(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, w.control) && !strings.HasPrefix(u, w.idp.URL) && !strings.HasPrefix(u, "data:") {
				bad = append(bad, "loads "+u)
			}
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				bad = append(bad, e.Entry.Text)
			}
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), log.Enable()); err != nil {
		w.t.Fatalf("%s does not start: %v", program, err)
	}
	w.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, b := range bad {
			w.t.Error(b)
		}
	})
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	w.t.Cleanup(cancel)
	return ctx
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium is here: make deps")
	}
	t.Skip("no Chromium is here: sudo make deps")
	return ""
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
