package app

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"stile/internal/config"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/internal/login"
	"stile/internal/secret"
)

// newLogin joins the parts of the login.
func (s *server) newLogin() *login.Login {
	signed := s.newSignatures(nil)
	return login.New(login.Config{
		Project: func() (*config.Config, string) { p := s.current.Load(); return p.Config, p.Dir },
		Secret:  s.revealed, Transport: s.opts.providers, Sessions: keyStore{s.data.config},
		Signed: signed.caller, Scope: signed.options, Refused: s.audit.loginRefused, LoggedIn: s.audit.loggedIn,
		Pages: loginPages{s.info}, Lax: signed.lax, Now: time.Now, Log: s.log,
	})
}

// loginPages has the console write what the login shows.
type loginPages struct{ info func() console.Info }

func (p loginPages) Login(w http.ResponseWriter, status int, v login.Page) error {
	out := console.LoginView{Info: console.Info{Project: p.info().Project}, Title: v.Title, Problem: v.Problem, Who: v.Who, Principal: v.Principal, CSRF: v.CSRF, Open: v.Open}
	if v.Known {
		out.Info = p.info()
	}
	for _, c := range v.Providers {
		out.Providers = append(out.Providers, console.LoginChoice(c))
	}
	return console.WriteLogin(w, status, out)
}

func (p loginPages) Refuse(w http.ResponseWriter, status int, code, message string) {
	console.Refuse(w, status, code, message)
}

func (p loginPages) Answer(w http.ResponseWriter, v any) { console.Answer(w, v) }

// revealed is what a reference of the folder's stile.yaml stands for.
func (s *server) revealed(ctx context.Context, dir, reference string) (string, error) {
	ref, err := secret.Parse(reference)
	if err != nil {
		return "", err
	}
	v, err := s.secrets.store.Get(ctx, ref.Under(dir))
	return v.Reveal(), err
}

// caller is whom a signed request of the control API speaks for.
func (g *signatures) caller(r *http.Request) (identity.Caller, error) {
	signer, err := g.verify(r)
	if err != nil {
		return identity.Caller{}, err
	}
	return callerOfKey(signer, "api"), nil
}

// refuseOpen keeps serve from standing open, by what the folder's stile.yaml says.
func refuseOpen(o Options) error {
	var id config.Identity
	if len(o.Dirs) == 1 {
		if c, _ := config.Load(filepath.Join(o.Dirs[0], config.FileName)); c != nil { // its faults are told by load
			id = c.Identity
		}
	}
	return login.RefuseOpen(id, o.ServerOptions)
}

// upkeepEvery is how often keys and sessions are looked after.
const upkeepEvery = time.Hour

// upkeep rotates the issuer's keys when they are due and forgets sessions that are
// over, until ctx ends.
func (s *server) upkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if err := s.login.Sweep(); err != nil {
			s.log.Error("sessions that are over could not be removed", "error", err)
		}
		if err := s.issuer.Maintain(); err != nil {
			s.log.Error("the issuer's keys could not be looked after; the present one signs on", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
