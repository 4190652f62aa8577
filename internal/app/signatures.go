package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/identity"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/internal/sigv4"
)

// signatures stands before the Step Functions API: what is not signed with an
// access key of stile.yaml does not pass. Who signed it is in the request's
// context (sigv4.FromContext).
type signatures struct {
	next    http.Handler
	key     func(context.Context, string) (sigv4.Key, bool)
	options sigv4.Options
	now     func() time.Time
	log     *slog.Logger
	// lax lets everything pass, without a caller where none is proven, and warns
	// once of each reason for which `serve` would refuse.
	lax    bool
	warned sync.Map // error code → nothing
	audit  *auditor // records refusals
	// refuse answers what does not pass, as the API behind answers an error.
	refuse func(http.ResponseWriter, *sfn.Error)
}

// verified puts the verification before the API.
func (s *server) verified(api http.Handler) http.Handler {
	g := s.newSignatures(api)
	if !g.lax && len(s.current.Load().Config.AccessKeys) == 0 {
		s.log.Warn("the Step Functions API refuses every call: "+config.FileName+" has no access-keys",
			"write", `access-keys: [{id: AKIDNAME, secret: {secret: "env://NAME"}, principal: "user:NAME"}]`)
	}
	if !g.lax && len(s.current.Load().Assignments) == 0 {
		s.log.Warn("nobody may do anything: no "+files.AssignmentsFile+" gives anybody a role",
			"write", `- {principal: "user:SUBJECT", role: NAME}`)
	}
	return g
}

func (s *server) newSignatures(api http.Handler) *signatures {
	return &signatures{next: api, key: s.accessKey, options: sigv4.Options{Service: "states", Region: s.opts.Region, Derived: &sigv4.Derived{}},
		now: time.Now, log: s.log, audit: s.audit, refuse: sfnapi.Refuse, lax: s.mode == modeDev && config.Loopback(s.opts.Control) && config.Loopback(s.opts.ControlTLS)}
}

func (g *signatures) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, err := g.verify(r)
	var unproven *sigv4.Error
	var refused *sfn.Error
	switch {
	case err == nil:
		ctx := identity.WithCaller(r.Context(), callerOfKey(caller, "aws"))
		r = r.WithContext(sigv4.NewContext(ctx, caller))
	case errors.As(err, &unproven) && g.lax:
		g.warn(unproven)
		r = r.WithContext(identity.WithCaller(r.Context(), identity.Caller{Lax: true, Via: "aws"}))
	case errors.As(err, &unproven):
		g.audit.loginRefused(r.Context(), "aws", unproven.Code)
		g.refuse(w, &sfn.Error{Code: unproven.Code, Message: unproven.Message})
		return
	case errors.As(err, &refused):
		g.refuse(w, refused)
		return
	}
	g.next.ServeHTTP(w, r)
}

// verify says who signed the request; its body can be read again afterwards. It is
// not read at all for a key that is not known.
func (g *signatures) verify(r *http.Request) (sigv4.Caller, error) {
	keys := func(id string) (sigv4.Key, bool) { return g.key(r.Context(), id) }
	claim, err := sigv4.Read(sigv4.FromHTTP(r), keys, g.now(), g.options)
	if err != nil {
		return sigv4.Caller{}, err
	}
	body, err := sfnapi.ReadBody(r)
	switch {
	case err != nil:
		return sigv4.Caller{}, &sfn.Error{Code: "SerializationException", Message: "The request body ended early"}
	case len(body.Text()) > sfnapi.MaxBody:
		return sigv4.Caller{}, &sfn.Error{Code: "RequestEntityTooLargeException", Message: "The request body is too long"}
	}
	r.Body = body
	sum := sha256.Sum256(body.Text())
	return claim.Check(hex.EncodeToString(sum[:]))
}

func (g *signatures) warn(e *sigv4.Error) {
	if _, told := g.warned.LoadOrStore(e.Code, nil); told {
		return
	}
	help := "sign calls with an access key of " + config.FileName
	if e.Code == sigv4.CodeUnrecognized {
		help = "add the key to access-keys of " + config.FileName
	}
	g.log.Warn("a call of the Step Functions API passed that `stile serve` would refuse", "error", e.Code, "message", e.Message, "help", help)
}

// callerOfKey is whom a signature with an access key speaks for.
func callerOfKey(signer sigv4.Caller, via string) identity.Caller {
	kind, id, _ := strings.Cut(signer.Principal, ":")
	return identity.Caller{Kind: kind, ID: id, Name: signer.KeyID, Via: via}
}

// accessKey finds a key of the project with its secret as it is now. A secret that
// cannot be read is no key.
func (s *server) accessKey(ctx context.Context, id string) (sigv4.Key, bool) {
	p := s.current.Load()
	i := slices.IndexFunc(p.Config.AccessKeys, func(k config.AccessKey) bool { return k.ID == id })
	if i < 0 {
		return sigv4.Key{}, false
	}
	k := p.Config.AccessKeys[i]
	ref, err := secret.Parse(k.Secret.Text)
	if err != nil {
		return sigv4.Key{}, false // a project with this fault is not taken
	}
	value, err := s.secrets.store.Get(ctx, ref.Under(p.Dir))
	if err != nil {
		s.log.Error("an access key has no secret: its calls are refused", "key", id, "error", err)
		return sigv4.Key{}, false
	}
	return sigv4.NewKey(k.Principal, value.Reveal(), ""), true
}
