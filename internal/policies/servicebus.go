package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// sendServiceBusMessage is
// https://learn.microsoft.com/azure/api-management/send-service-bus-message-policy:
// over the service's REST endpoint, with a token of a managed identity. The policy
// waits until the message is taken. Its address is held to the rules for addresses
// from expressions.
var sendServiceBusMessage = policy.Descriptor{
	Name: "send-service-bus-message", Sections: policy.Inbound | policy.Outbound | policy.OnError,
	Scopes: policy.Global | policy.Product | policy.API | policy.Operation,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "queue-name", Expression: true}, {Name: "topic-name", Expression: true},
			{Name: "namespace", Expression: true}, {Name: "client-id", Expression: true}},
		Children: []policy.Child{
			{Name: "message-properties", Schema: policy.Schema{Children: []policy.Child{{Name: "message-property", Many: true, Schema: policy.Schema{
				Text: true, Attributes: []policy.Attribute{{Name: "name", Required: true, Expression: true}}}}}}},
			{Name: "payload", Required: true, Schema: policy.Schema{Text: true}},
		},
	},
	Doc:     "Sends a message to a queue or topic of Azure Service Bus.",
	Compile: compileServiceBus,
}

// serviceBusSender is a compiled send-service-bus-message.
type serviceBusSender struct {
	queue, topic, namespace, client, payload policy.Value
	names, values                            []policy.Value
	workspace                                string
}

func compileServiceBus(c *policy.Compiler, e *policy.Element) policy.Run {
	s := &serviceBusSender{queue: c.Value(e, "queue-name"), topic: c.Value(e, "topic-name"), namespace: c.Value(e, "namespace"), client: c.Value(e, "client-id"), workspace: c.Workspace()}
	if s.queue.Set() == s.topic.Set() {
		c.Fault(e, policy.CodeNoAttribute, "<send-service-bus-message> needs queue-name or topic-name", "write one of them")
	}
	if !s.namespace.Set() {
		c.Warn(e, policy.CodeNoAttribute, "no namespace is named: this policy fails when it runs", `write namespace="NAME.servicebus.windows.net"`)
	} else if a := e.Attr("namespace"); !s.namespace.IsExpression() && !hostName(a.Value) {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("namespace cannot be %q", c.Shown(a)), "write the full name of its host, NAME.servicebus.windows.net")
	}
	if !c.ManagedIdentity() {
		c.Warn(e, policy.CodeNoIdentity, "no managed identity is configured: this policy fails when it runs", "write `managed-identity: {source: azure}` into stile.yaml")
	}
	if p := e.Child("payload"); p != nil {
		if s.payload = c.Text(p); !s.payload.Set() {
			c.Fault(p, policy.CodeNoChild, "<payload> is empty", "write the message into it")
		}
	}
	if all := e.Child("message-properties"); all != nil {
		for _, p := range all.Elements("message-property") {
			s.names, s.values = append(s.names, c.Value(p, "name")), append(s.values, c.Text(p))
		}
	}
	return s.run
}

// hostName reports whether text can be the name of a host and nothing else.
func hostName(text string) bool {
	return text != "" && strings.Trim(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && !strings.HasPrefix(text, ".") && !strings.HasPrefix(text, "-")
}

// ofServiceBus reports whether a host that an expression named is Azure's: the identity's
// token goes to no other.
func ofServiceBus(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc([]string{".servicebus.windows.net", ".servicebus.usgovcloudapi.net", ".servicebus.chinacloudapi.cn"},
		func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

const serviceBusResource = "https://servicebus.azure.net"

func (s *serviceBusSender) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	own, err := s.request(ctx, ex, env)
	if err != nil {
		return err
	}
	err = policy.Forward(ctx, own, env, policy.ForwardOptions{Forwarding: exchange.Forwarding{HTTPVersion: "1"}})
	ex.Calls = own.Calls
	if err != nil {
		return err
	}
	defer own.Response.Body.Close()
	if status := own.Response.StatusCode; status != 201 && status != 200 {
		return &policy.Failure{Reason: policy.ReasonBackend, Message: fmt.Sprintf("Service Bus answered %d", status)}
	}
	env.Note(fmt.Sprintf("sent to %s%s", own.Backend.BaseURL, own.Request.URL.Path))
	return nil
}

func (s *serviceBusSender) request(ctx context.Context, ex *exchange.Exchange, env *policy.Env) (*exchange.Exchange, error) {
	entity := s.queue
	if s.topic.Set() {
		entity = s.topic
	}
	parts, err := texts([]policy.Value{entity, s.namespace, s.client, s.payload}, ex, env)
	if err != nil {
		return nil, err
	}
	name, host, client := strings.Trim(parts[0], "/"), parts[1], parts[2]
	switch {
	case !hostName(host):
		return nil, policy.FailValue("namespace is no name of a host")
	case s.namespace.IsExpression() && !ofServiceBus(host):
		return nil, policy.FailValue("namespace is no host of Azure Service Bus")
	case name == "" || strings.Contains(name, ".."):
		return nil, policy.FailValue("the queue or topic has no name")
	}
	token, err := identityToken(ctx, env, s.workspace, serviceBusResource, client)
	if err != nil {
		return nil, fmt.Errorf("no token for %s: %w", serviceBusResource, err)
	}
	own := *ex
	own.API, own.Operation, own.Principal, own.Response, own.LastError = nil, nil, nil, exchange.Response{}, nil
	target, err := exchange.ParseURL("https://" + host + "/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/") + "/messages")
	if err != nil {
		return nil, policy.FailValue("the queue or topic has no name that an address can hold")
	}
	own.Backend = exchange.Backend{BaseURL: "https://" + host, Tainted: true}
	own.Request = exchange.Request{Method: "POST", URL: target, OriginalURL: target, Body: exchange.Text(parts[3])}
	h := &own.Request.Header
	h.Set("Authorization", "Bearer "+token)
	h.Set("Content-Type", "application/json")
	if !json.Valid([]byte(parts[3])) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	names, err := texts(s.names, ex, env)
	if err != nil {
		return nil, err
	}
	values, err := texts(s.values, ex, env)
	if err != nil {
		return nil, err
	}
	for i := range names {
		if wrong := checkFieldName(names[i]); wrong != "" {
			return nil, policy.FailValue("message property " + names[i] + ": " + wrong)
		}
		quoted, err := json.Marshal(values[i]) // a property is a field whose text is quoted
		if err != nil {
			return nil, err
		}
		h.Set(names[i], string(quoted))
	}
	return &own, nil
}
