package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stile/internal/console"
	"stile/internal/gatetrace"
	"stile/internal/gateway"
)

func (c *command) api() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "api",
		Short: "Call the operations of the gateway, and repeat calls",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.apiCall(), c.apiReplay(), c.apiExport())
	return cmd
}

// callFlags are the flags that calls and replays share.
type callFlags struct {
	headers, params []string
	key, project    string
	timeout         time.Duration
}

func (f *callFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "a header field, 'NAME: VALUE'; may be repeated")
	cmd.Flags().StringVar(&f.key, "key", "", "the subscription whose first dev-key is sent, from stile.yaml")
	cmd.Flags().StringVar(&f.project, "project", ".", "the project folder with that stile.yaml")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "how long to wait for the whole answer")
}

func (c *command) apiCall() *cobra.Command {
	var f callFlags
	var data, save string
	var traced bool
	cmd := &cobra.Command{
		Use:   "call [METHOD] TARGET",
		Short: "Call an operation through the gateway",
		Long: "call sends a request to the gateway and prints status, header fields and body. TARGET is API/OPERATION, a path of the\n" +
			"gateway, or a URL. Without METHOD it is the operation's own, else GET, or POST with -d.",
		Example: "  stile api call orders/get --param id=7 --key demo --trace\n" +
			"  stile api call POST /orders -d '{\"sku\":\"sku-1\"}' --save placed.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usage("stile api call takes METHOD TARGET, or TARGET")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			call := sentCall{Key: f.key, URL: args[len(args)-1]}
			if len(args) == 2 {
				call.Method = strings.ToUpper(args[0])
			}
			hasBody := cmd.Flags().Changed("data")
			if hasBody {
				if err := c.readData(&call, data); err != nil {
					return err
				}
			}
			return c.callOnce(cmd.Context(), &call, &f, hasBody, traced, save)
		},
	}
	f.add(cmd)
	cmd.Flags().StringArrayVar(&f.params, "param", nil, "NAME=VALUE of the operation's URL template; may be repeated")
	cmd.Flags().StringVarP(&data, "data", "d", "", "the body: text, @FILE, or - for stdin")
	cmd.Flags().BoolVar(&traced, "trace", false, "trace the request, and print the trace's id")
	cmd.Flags().StringVar(&save, "save", "", "write the call and its answer, without credentials, to this file")
	return c.client(cmd)
}

func (c *command) callOnce(ctx context.Context, call *sentCall, f *callFlags, hasBody, traced bool, save string) error {
	keyHeader, err := c.resolve(ctx, call, f.params, hasBody)
	if err != nil {
		return err
	}
	id, err := c.sendCall(ctx, call, f, keyHeader, traced)
	if err != nil {
		return err
	}
	if id != "" {
		call.Trace, err = c.decisions(ctx, id)
		if err != nil {
			return err
		}
	}
	if save != "" {
		if err := writeCall(save, call); err != nil {
			return err
		}
	}
	if c.output == "json" {
		return c.printJSON(call)
	}
	c.printAnswer(&call.Answer)
	if id != "" {
		fmt.Fprintln(c.Err, "trace "+id+": stile trace "+id)
	}
	return nil
}

// readData takes a body as -d names it.
func (c *command) readData(call *sentCall, data string) error {
	body, err := []byte(data), error(nil)
	if file, ok := strings.CutPrefix(data, "@"); ok {
		body, err = os.ReadFile(file)
	} else if data == "-" {
		body, err = io.ReadAll(c.In)
	}
	if err != nil {
		return usage("-d: %v", err)
	}
	call.Body, call.Binary = textOrBytes(body)
	return nil
}

// resolve makes of the target a path of the gateway, and finds the method where none
// was given. It gives the header field that carries the operation's key.
func (c *command) resolve(ctx context.Context, call *sentCall, params []string, hasBody bool) (keyHeader string, err error) {
	keyHeader = "Ocp-Apim-Subscription-Key"
	bare := cmp.Or(call.Method, map[bool]string{false: "GET", true: "POST"}[hasBody])
	if strings.HasPrefix(call.URL, "http://") || strings.HasPrefix(call.URL, "https://") || strings.HasPrefix(call.URL, "/") {
		call.Method = bare
		return keyHeader, nil
	}
	var page struct{ Operations []console.GateOperation }
	if err := c.call(ctx, "GET", "/gateway/operations", nil, &page); err != nil {
		return "", err
	}
	name, query, hasQuery := strings.Cut(call.URL, "?")
	i := slices.IndexFunc(page.Operations, func(o console.GateOperation) bool { return o.API+"/"+o.Operation == name })
	if i < 0 {
		return "", &failure{exitNotFound, "there is no operation " + name + "; write API/OPERATION, or a path that begins with /"}
	}
	o := page.Operations[i]
	path := o.Path
	for _, p := range params {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return "", usage("--param %s is not NAME=VALUE", p)
		}
		path = strings.NewReplacer("{"+name+"}", url.PathEscape(value), "{*"+name+"}", value).Replace(path)
	}
	if at := strings.IndexByte(path, '{'); at >= 0 {
		return "", usage("%s wants values: give --param NAME=VALUE for %s", name, path[at:])
	}
	if call.URL = path; hasQuery {
		call.URL += map[bool]string{false: "?", true: "&"}[strings.Contains(path, "?")] + query
	}
	if call.Method == "" {
		if call.Method = o.Method; o.Method == "*" {
			call.Method = bare
		}
	}
	return cmp.Or(o.KeyHeader, keyHeader), nil
}

// gatewayOf gives the whole URL of a call, at the server's gateway.
func (c *command) gatewayOf(ctx context.Context, target string) (string, error) {
	if !strings.HasPrefix(target, "/") {
		return target, nil
	}
	if base := c.Env("STILE_GATEWAY"); base != "" {
		return strings.TrimRight(base, "/") + target, nil
	}
	var v struct{ Gateway string }
	if err := c.call(ctx, "GET", "/version", nil, &v); err != nil {
		return "", err
	}
	return v.Gateway + target, nil
}

// sendCall sends a call and takes its answer; traced asks for a trace, whose id it
// gives.
func (c *command) sendCall(ctx context.Context, call *sentCall, f *callFlags, keyHeader string, traced bool) (traceID string, err error) {
	whole, err := c.gatewayOf(ctx, call.URL)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(whole)
	if err != nil || u.Host == "" {
		return "", usage("%s is no URL", whole)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	body := append([]byte(call.Body), call.Binary...)
	req, err := http.NewRequestWithContext(ctx, call.Method, whole, bytes.NewReader(body))
	if err != nil {
		return "", usage("%v", err)
	}
	if err := c.fill(req, call, f, keyHeader); err != nil {
		return "", err
	}
	if traced {
		var token debugToken
		in := map[string]string{"method": call.Method, "path": u.EscapedPath()}
		if err := c.call(ctx, "POST", "/gateway/debug-tokens", in, &token); err != nil {
			return "", err
		}
		req.Header.Set(gateway.DebugHeader, token.Token)
	}
	if u.Path != "" { // what is kept is the same at every address of the gateway
		call.URL = u.RequestURI()
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return "", c.unanswered(ctx, u.Host, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, answerRoom))
	if err != nil {
		return "", c.unanswered(ctx, u.Host, err)
	}
	call.Answer = callAnswer{Status: resp.StatusCode, Headers: fieldsOf(resp.Header)}
	call.Answer.Body, call.Answer.Binary = textOrBytes(got)
	if traced && resp.Header.Get(gateway.TraceIDHeader) == "" {
		return "", &failure{exitFailed, "the gateway took the request for another API's, or the debug token for expired: no trace"}
	}
	return resp.Header.Get(gateway.TraceIDHeader), nil
}

func (c *command) unanswered(ctx context.Context, host string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure{exitTimeout, host + " did not answer in time"}
	}
	var op *url.Error
	if errors.As(err, &op) {
		err = op.Err
	}
	return &failure{exitUnreachable, fmt.Sprintf("the gateway at %s: %v", host, err)}
}

// fill sets the header fields: those that a file kept, those of -H, the key.
func (c *command) fill(req *http.Request, call *sentCall, f *callFlags, keyHeader string) error {
	for _, h := range call.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	var kept []gatetrace.Field
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return usage("-H %s is not 'NAME: VALUE'", h)
		}
		value = strings.TrimSpace(value)
		req.Header.Set(name, value)
		if gatetrace.Credential(name) || strings.EqualFold(name, keyHeader) {
			fmt.Fprintln(c.Err, name, "is not kept with the call; give it again with a replay")
			continue
		}
		kept = append(kept, gatetrace.Field{Name: name, Value: value})
	}
	for _, h := range call.Headers {
		if !slices.ContainsFunc(kept, func(k gatetrace.Field) bool { return strings.EqualFold(k.Name, h.Name) }) {
			kept = append(kept, h)
		}
	}
	call.Headers = kept
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	if key := cmp.Or(f.key, call.Key); key != "" {
		text, err := devKey(f.project, key)
		switch {
		case err == nil:
			req.Header.Set(keyHeader, text)
		case f.key != "":
			return err
		case req.Header.Get(keyHeader) == "":
			fmt.Fprintf(c.Err, "the call was made with a key of subscription %s: give it with --key or -H\n", key)
		}
	}
	return nil
}
