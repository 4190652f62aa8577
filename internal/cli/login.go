package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stile/internal/identity/oidc"
)

func (c *command) login() *cobra.Command {
	var name string
	var device, machine bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log in at the server's identity provider",
		Long: "login prints an address and a code: open the one in a browser anywhere and type the other. The\n" +
			"token is kept for the server that it is for, in credentials.json of your configuration folder,\n" +
			"and renewed where the provider allows it. STILE_TOKEN wins over it. With --client-credentials a\n" +
			"program logs in for itself by STILE_CLIENT_ID and STILE_CLIENT_SECRET; these are not kept.",
		Example: "  stile login\n  stile login --provider entra --server https://control.example.com",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if device && machine {
				return usage("--device and --client-credentials exclude each other")
			}
			return c.logIn(cmd.Context(), name, machine)
		},
	}
	cmd.Flags().StringVar(&name, "provider", "", "the provider's name in stile.yaml, where there are several")
	cmd.Flags().BoolVar(&device, "device", false, "log in by a code that is typed into a browser anywhere (the default)")
	cmd.Flags().BoolVar(&machine, "client-credentials", false, "log in as a program: STILE_CLIENT_ID and STILE_CLIENT_SECRET")
	return c.client(cmd)
}

func (c *command) logIn(ctx context.Context, name string, machine bool) error {
	base, err := c.address()
	if err != nil {
		return err
	}
	about, err := c.provider(ctx, name)
	if err != nil {
		return err
	}
	var p *oidc.Provider
	var got oidc.Tokens
	if machine {
		id, secret := c.Env("STILE_CLIENT_ID"), c.Env("STILE_CLIENT_SECRET")
		if id == "" || secret == "" {
			return usage("--client-credentials needs STILE_CLIENT_ID and STILE_CLIENT_SECRET")
		}
		// The program's own application; the server's is still one that tokens are made for.
		own := about
		own.Audiences = append([]string{about.ClientID}, about.Audiences...)
		own.ClientID = id
		p = own.client(secret)
		got, err = p.ClientCredentials(ctx)
	} else {
		p = about.client("")
		got, err = c.byDevice(ctx, p)
	}
	if err != nil {
		return loginFailure(ctx, err)
	}
	token, expires := p.Presentable(got)
	if token == "" {
		return &failure{exitRefused, "the provider's tokens are for another audience than " + strings.Join(append([]string{about.ClientID}, about.Audiences...), ", ") +
			": set scopes of the provider in stile.yaml"}
	}
	all, err := readCredentials()
	if err != nil {
		return err
	}
	all.Servers[base] = credential{Provider: about, Token: token, Refresh: got.Refresh, Expires: expires}
	if err := all.write(); err != nil {
		return err
	}
	return c.printWhoami(ctx)
}

// loginFailure is a refusal of the provider, or that it does not answer.
func loginFailure(ctx context.Context, err error) error {
	var refused *oidc.Error
	var grant *oidc.GrantError
	var f *failure
	switch {
	case errors.As(err, &f):
		return err
	case ctx.Err() != nil:
		return &failure{code: exitInterrupted}
	case errors.As(err, &refused), errors.As(err, &grant):
		return &failure{exitRefused, "not logged in: " + err.Error()}
	}
	return &failure{exitUnreachable, "not logged in: " + err.Error()}
}

// provider asks the server for its providers and chooses one.
func (c *command) provider(ctx context.Context, name string) (loginProvider, error) {
	var ways struct {
		Providers []loginProvider `json:"providers"`
		Open      bool            `json:"open"`
	}
	c.anonymous = true // a login that has ended must not keep one from the next
	err := c.call(ctx, "GET", "/login", nil, &ways)
	c.anonymous = false
	if err != nil {
		return loginProvider{}, err
	}
	var names []string
	for _, p := range ways.Providers {
		if p.Name == name || name == "" && len(ways.Providers) == 1 {
			return p, nil
		}
		names = append(names, p.Name)
	}
	switch {
	case len(names) == 0 && ways.Open:
		return loginProvider{}, &failure{exitFailed, "the server asks nobody to log in: it is `stile dev` on this machine"}
	case len(names) == 0:
		return loginProvider{}, &failure{exitFailed, "the server has no identity providers: add identity to its stile.yaml, or sign with an access key"}
	case name == "":
		return loginProvider{}, usage("the server has several providers: add --provider %s", strings.Join(names, " or --provider "))
	}
	return loginProvider{}, usage("the server has no provider %s; it has %s", name, strings.Join(names, ", "))
}

// byDevice shows the code and waits until it is typed.
func (c *command) byDevice(ctx context.Context, p *oidc.Provider) (oidc.Tokens, error) {
	d, err := p.BeginDevice(ctx)
	if err != nil {
		return oidc.Tokens{}, err
	}
	// Both come from the provider: nothing of them may steer the terminal.
	fmt.Fprintf(c.Err, "open %s and type the code %s\n", printable(cmp.Or(d.Complete, d.URL)), printable(d.UserCode))
	for {
		select {
		case <-ctx.Done():
			return oidc.Tokens{}, &failure{code: exitInterrupted}
		case <-time.After(d.Interval):
		}
		if !time.Now().Before(d.Until) {
			return oidc.Tokens{}, &failure{exitTimeout, "the code was not typed in time: log in again"}
		}
		got, err := p.PollDevice(ctx, &d)
		if !errors.Is(err, oidc.ErrPending) {
			return got, err
		}
	}
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}

func (c *command) logout() *cobra.Command {
	return c.client(&cobra.Command{
		Use:   "logout",
		Short: "Forget the token of a login",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			base, err := c.address()
			if err != nil {
				return err
			}
			all, err := readCredentials()
			if err != nil {
				return err
			}
			_, was := all.Servers[base]
			if was {
				delete(all.Servers, base)
				if err := all.write(); err != nil {
					return err
				}
			}
			if c.output == "json" {
				return c.printJSON(map[string]any{"server": base, "loggedOut": was})
			}
			if was {
				fmt.Fprintln(c.Err, "logged out of "+base)
			} else {
				fmt.Fprintln(c.Err, "not logged in at "+base)
			}
			return nil
		},
	})
}

func (c *command) whoami() *cobra.Command {
	return c.client(&cobra.Command{
		Use:   "whoami",
		Short: "Say who you are to the server",
		Args:  exactly(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.printWhoami(cmd.Context()) },
	})
}

func (c *command) printWhoami(ctx context.Context) error {
	var who struct {
		Principal string   `json:"principal"`
		Provider  string   `json:"provider,omitempty"`
		Name      string   `json:"name,omitempty"`
		Groups    []string `json:"groups"`
		Roles     []string `json:"roles"`
		Via       string   `json:"via"`
		Open      bool     `json:"open"`
	}
	if err := c.call(ctx, "GET", "/whoami", nil, &who); err != nil {
		return err
	}
	if c.output == "json" {
		return c.printJSON(who)
	}
	fmt.Fprintln(c.Out, who.Principal)
	for _, line := range [][2]string{{"name", who.Name}, {"provider", who.Provider}, {"groups", strings.Join(who.Groups, " ")}, {"roles", strings.Join(who.Roles, " ")}} {
		if line[1] != "" {
			fmt.Fprintf(c.Out, "%-9s %s\n", line[0], line[1])
		}
	}
	if who.Open {
		fmt.Fprintln(c.Err, "the server asks nobody to log in: it is `stile dev` on its own machine")
	}
	return nil
}
