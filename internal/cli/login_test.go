package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"stile/internal/app"
	"stile/internal/cli"
	"stile/internal/identity/idptest"
)

// serving runs `stile serve` in this process on a stile.yaml and gives its address.
func serving(t *testing.T, yaml string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"stile.yaml": yaml,
		"roles/reader.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["states:*","stile:*"],"Resource":"**"}]}`,
		"assignments.yaml":  "- {principal: \"user:00u-ada\", role: reader}\n- {principal: \"key:AKIDCLI\", role: reader}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := app.Options{Dirs: []string{dir}}
	o.Control, o.ControlTLS, o.Gateway = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.Account, o.Region, o.Data = "111111111111", "eu-central-1", t.TempDir()
	ready, ended := make(chan app.Ready, 1), make(chan error, 1)
	o.Ready = func(r app.Ready) { ready <- r }
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- app.Serve(ctx, o) }()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case r := <-ready:
		return r.Console
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("the product does not start")
	}
	return ""
}

// stile runs one command line against a server; typed is given what it narrates.
func stile(t *testing.T, server string, env map[string]string, typed func(string), args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	narrated := io.Writer(&stderr)
	if typed != nil {
		narrated = io.MultiWriter(&stderr, writerFunc(typed))
	}
	code = cli.Main(t.Context(), cli.App{}, append(args, "--server", server), cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: narrated,
		Env: func(name string) string { return env[name] }})
	return code, stdout.String(), stderr.String()
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) { f(string(p)); return len(p), nil }

var typedCode = regexp.MustCompile(`open http://\S+/device and type the code (\S+)`)

// TestLoginByDevice logs in at every kind of provider, is somebody, and is nobody
// after the logout.
func TestLoginByDevice(t *testing.T) {
	for _, kind := range []idptest.Kind{idptest.EntraV2, idptest.OktaOrg, idptest.Generic} {
		t.Run(kind.String(), func(t *testing.T) {
			loginByDevice(t, kind)
		})
	}
}

func loginByDevice(t *testing.T, kind idptest.Kind) {
	idp := idptest.New(t, kind)
	audiences := ""
	if kind != idptest.OktaOrg {
		audiences = fmt.Sprintf(", audiences: [%q]", idp.Audience)
	}
	server := serving(t, fmt.Sprintf("name: p\nidentity: {providers: [{name: idp, kind: %s, issuer: %q, client-id: %q%s}]}\n",
		kind.Config(), idp.Issuer, idp.ClientID, audiences))
	who := "user:00u-ada"
	if kind.Entra() {
		who = "user:aaaaaaaa-0000-4000-8000-00000000ada0"
	}
	if code, _, errs := stile(t, server, nil, nil, "exec", "list"); code != 4 || !strings.Contains(errs, "log in with `stile login`") {
		t.Errorf("before the login: %d %q", code, errs)
	}
	approve := func(line string) {
		if m := typedCode.FindStringSubmatch(line); m != nil && !idp.ApproveDevice(m[1], "ada") {
			t.Errorf("the provider knows no code %s", m[1])
		}
	}
	code, out, errs := stile(t, server, nil, approve, "login", "--device")
	if code != 0 || !strings.HasPrefix(out, who+"\n") || strings.Contains(out+errs, "eyJ") {
		t.Fatalf("login: %d %q %q", code, out, errs)
	}
	code, out, errs = stile(t, server, nil, nil, "whoami", "-o", "json")
	var me struct {
		Principal, Provider, Via string
		Groups                   []string
	}
	if err := json.Unmarshal([]byte(out), &me); err != nil || code != 0 || me.Principal != who || me.Provider != "idp" || me.Via != "api" || len(me.Groups) != 1 {
		t.Errorf("whoami: %d %q %q", code, out, errs)
	}
	// STILE_TOKEN wins, a bad one too.
	expired := idp.Mint(nil, idptest.ID(""), idptest.With(idptest.Expired))
	if code, out, errs := stile(t, server, map[string]string{"STILE_TOKEN": expired}, nil, "whoami"); code != 4 || !strings.Contains(errs, "the token has expired") {
		t.Errorf("an expired STILE_TOKEN: %d %q %q", code, out, errs)
	}
	if code, _, errs := stile(t, server, nil, nil, "logout"); code != 0 || !strings.Contains(errs, "logged out") {
		t.Errorf("logout: %d %q", code, errs)
	}
	if code, _, _ := stile(t, server, nil, nil, "whoami"); code != 4 {
		t.Errorf("after the logout: %d", code)
	}
}

// TestMain gives the tests a configuration folder of their own.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "stile-cli-")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CONFIG_HOME", dir)
	os.Setenv("HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// TestTokensAreRenewed: a login that has ended goes on by its refresh token, and
// the file is its owner's alone.
func TestTokensAreRenewed(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	server := serving(t, fmt.Sprintf("name: p\nidentity: {providers: [{name: idp, issuer: %q, client-id: %q, audiences: [%q]}]}\n", idp.Issuer, idp.ClientID, idp.Audience))
	idp.SetLife(20 * time.Second) // over for the command line, which looks ahead
	approve := func(line string) {
		if m := typedCode.FindStringSubmatch(line); m != nil {
			idp.ApproveDevice(m[1], "ada")
		}
	}
	if code, _, errs := stile(t, server, nil, approve, "login"); code != 0 {
		t.Fatalf("login: %d %q", code, errs)
	}
	before := idp.Issued()
	if code, out, errs := stile(t, server, nil, nil, "whoami"); code != 0 || !strings.HasPrefix(out, "user:00u-ada") {
		t.Errorf("whoami: %d %q %q", code, out, errs)
	}
	if n := idp.Issued() - before; n != 1 {
		t.Errorf("%d renewals, want 1", n)
	}
	path := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "stile", "credentials.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", path, info.Mode(), err)
	}
	idp.Down(true)
	if code, _, errs := stile(t, server, nil, nil, "whoami"); code != 5 || !strings.Contains(errs, "could not be renewed") {
		t.Errorf("the provider is down: %d %q", code, errs)
	}
	idp.Down(false)
	if code, _, errs := stile(t, server, nil, nil, "login", "--provider", "other"); code != 64 || !strings.Contains(errs, "no provider other; it has idp") {
		t.Errorf("another provider: %d %q", code, errs)
	}
}

// TestMachines: client credentials, and access keys where the server asks for one.
func TestMachines(t *testing.T) {
	t.Setenv("STILE_TEST_CLI_KEY", "canary-cli-1")
	idp := idptest.New(t, idptest.EntraV1)
	server := serving(t, fmt.Sprintf("name: p\naccess-keys: [{id: AKIDCLI, secret: {secret: \"env://STILE_TEST_CLI_KEY\"}}]\n"+
		"identity: {providers: [{name: idp, kind: entra, issuer: %q, client-id: %q, audiences: [%q]}]}\n", idp.Issuer, idp.ClientID, idp.Audience))
	machine := map[string]string{"STILE_CLIENT_ID": idp.ClientID, "STILE_CLIENT_SECRET": idp.ClientSecret}
	if code, out, errs := stile(t, server, machine, nil, "login", "--client-credentials"); code != 0 || !strings.HasPrefix(out, "app:"+idp.ClientID) {
		t.Errorf("client credentials: %d %q %q", code, out, errs)
	}
	machine["STILE_CLIENT_SECRET"] = "wrong"
	if code, _, errs := stile(t, server, machine, nil, "login", "--client-credentials"); code != 4 || !strings.Contains(errs, "invalid_client") {
		t.Errorf("a wrong secret: %d %q", code, errs)
	}
	if code, _, _ := stile(t, server, nil, nil, "logout"); code != 0 {
		t.Error("logout failed")
	}
	for secret, want := range map[string]int{"canary-cli-1": 0, "other": 4} {
		key := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDCLI", "AWS_SECRET_ACCESS_KEY": secret}
		code, out, errs := stile(t, server, key, nil, "whoami")
		if code != want || want == 0 && !strings.HasPrefix(out, "key:AKIDCLI\n") {
			t.Errorf("signed with %s: %d %q %q", secret, code, out, errs)
		}
		// A body is signed too, and a query.
		if code, _, errs := stile(t, server, key, nil, "start", "none", "--input", `{"a":"ü"}`); want == 0 && code != 3 || want != 0 && code != 4 {
			t.Errorf("start signed with %s: %d %q", secret, code, errs)
		}
		if code, _, errs := stile(t, server, key, nil, "exec", "list", "--max", "5", "--status", "FAILED"); code != want {
			t.Errorf("list signed with %s: %d %q", secret, code, errs)
		}
	}
}
