package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"stile/policy"
	"stile/policy/exchange"
)

// maxEvent is where API Management cuts a message.
const maxEvent = 200 << 10

// logToEventhub is https://learn.microsoft.com/azure/api-management/log-to-eventhub-policy.
// Messages wait in a bounded queue beside the exchange, which they never hold up.
var logToEventhub = policy.Descriptor{
	Name: "log-to-eventhub", Sections: policy.AnySection, Scopes: policy.Global | policy.Product | policy.API | policy.Operation,
	Schema: policy.Schema{Text: true, Attributes: []policy.Attribute{
		{Name: "logger-id", Required: true}, {Name: "partition-id"}, {Name: "partition-key", Expression: true}}},
	Doc: "Sends a message to the Azure Event Hub of a logger.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		logger, partition, key, message := c.Value(e, "logger-id").Constant(), c.Value(e, "partition-id").Constant(), c.Value(e, "partition-key"), c.Text(e)
		if a := e.Attr("logger-id"); a != nil {
			if known, ok := c.Loggers(); ok && !slices.Contains(known, logger) {
				hint := "add a folder of that name to loggers"
				if len(known) > 0 {
					hint = "the loggers are " + strings.Join(known, ", ")
				}
				c.Fault(a, policy.CodeLogger, fmt.Sprintf("unknown logger %q", c.Shown(a)), hint)
			}
		}
		if partition != "" && key.Set() {
			c.Fault(e, policy.CodeAttribute, "partition-id and partition-key do not go together", "keep one of them")
		}
		if !message.Set() {
			c.Fault(e, policy.CodeNoChild, "<log-to-eventhub> has no message", `write @("…") into it`)
		}
		return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
			text, err := message.Text(ex, env)
			if err != nil {
				return err
			}
			by, err := key.Text(ex, env)
			if err != nil || env.Events == nil {
				return err
			}
			if len(text) > maxEvent {
				end := maxEvent
				for !utf8.RuneStart(text[end]) {
					end--
				}
				text = text[:end]
				env.Note("the message was cut at 200 KB")
			}
			if !env.Events.Log(ctx, logger, partition, by, []byte(text)) {
				return &policy.Failure{Reason: policy.ReasonInternal, Message: "there is no logger " + logger}
			}
			return nil
		}
	},
}
