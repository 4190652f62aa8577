package gateway

import (
	"stile/policy/exchange"
)

// The header fields of API Management's tracing
// (https://learn.microsoft.com/azure/api-management/api-management-howto-api-inspector):
// a request carries a debug token, its answer says under which id the trace is kept,
// or why there is none.
const (
	DebugHeader        = "Apim-Debug-Authorization"
	TraceIDHeader      = "Apim-Trace-Id"
	DebugExpiredHeader = "Apim-Debug-Authorization-Expired"
	DebugWrongHeader   = "Apim-Debug-Authorization-WrongAPI"
)

// Debugging is what Config.Record says of an exchange.
type Debugging uint8

// What may be said: nothing is recorded, it is recorded, it is recorded and its
// answer names the trace, or the debug token opens nothing.
const (
	DebugNothing Debugging = iota
	DebugRecord
	DebugTrace
	DebugExpired
	DebugWrongAPI
)

// arrive takes the debug token off a request, so that no policy and no backend sees
// it, and begins a recording where one is wanted.
func (g *Gateway) arrive(ex *exchange.Exchange) Debugging {
	token := ""
	if ex.Request.Header.Has(DebugHeader) {
		token = ex.Request.Header.Get(DebugHeader)
		ex.Request.Header.Del(DebugHeader)
	}
	if g.cfg.Record == nil {
		return DebugNothing
	}
	d := g.cfg.Record(ex, token)
	if d == DebugRecord || d == DebugTrace {
		ex.Recording = &exchange.Recording{}
		ex.Recording.Arrive(ex)
	}
	return d
}

// leave ends the recording, and tells what became of a debug token: after every
// policy, so that none takes it away.
func (g *Gateway) leave(ex *exchange.Exchange, d Debugging, err error) {
	switch d {
	case DebugTrace:
		ex.Response.Header.Set(TraceIDHeader, ex.ID)
	case DebugExpired:
		ex.Response.Header.Set(DebugExpiredHeader, "true")
	case DebugWrongAPI:
		ex.Response.Header.Set(DebugWrongHeader, "true")
	}
	if ex.Recording != nil {
		if err != nil {
			ex.Recording.Denied, _ = ex.Recording.Keep(err.Error())
		}
		ex.Recording.Leave(ex)
	}
}
