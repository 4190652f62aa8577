package sfnapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	contentType  = "application/x-amz-json-1.0"
	targetPrefix = "AWSStepFunctions."
	// maxBody holds a definition of 1 MiB even where every byte of it is escaped.
	maxBody = 8 << 20
)

// The values of headers that every answer has.
var (
	contentTypes = []string{contentType}
	noSniff      = []string{"nosniff"}
)

// server answers requests; it is immutable after New.
type server struct {
	machines   StateMachines
	versions   Versions
	aliases    Aliases
	tags       Tags
	executions Executions
	tasks      Tasks
	mapRuns    MapRuns
	activities Activities
	sync       SyncExecutions
	tester     Tester
	may        Permissions
	account    string
	region     string
	log        *slog.Logger
	actions    map[string]action
}

// request is one call of an action: its decoded body and the headers that two
// actions read.
type request struct {
	*input
	header http.Header
}

// newRequest makes a request of a body.
func newRequest(body jsonval.Value, header http.Header) *request {
	all := &struct {
		request
		input
		faults
	}{}
	all.request = request{&all.input, header}
	all.input = input{value: body, faults: &all.faults}
	return &all.request
}

// action runs one action; its answer is a JSON object.
type action func(s *server, ctx context.Context, r *request) (jsonval.Value, error)

// actionTable names every action that this server knows. All others answer
// UnknownOperationException.
func actionTable() map[string]action {
	return map[string]action{
		"CreateStateMachine":               createStateMachine,
		"DescribeStateMachine":             describeStateMachine,
		"UpdateStateMachine":               updateStateMachine,
		"ListStateMachines":                listStateMachines,
		"DeleteStateMachine":               deleteStateMachine,
		"DescribeStateMachineForExecution": describeStateMachineForExecution,
		"PublishStateMachineVersion":       publishStateMachineVersion,
		"ListStateMachineVersions":         listStateMachineVersions,
		"DeleteStateMachineVersion":        deleteStateMachineVersion,
		"CreateStateMachineAlias":          createStateMachineAlias,
		"DescribeStateMachineAlias":        describeStateMachineAlias,
		"UpdateStateMachineAlias":          updateStateMachineAlias,
		"DeleteStateMachineAlias":          deleteStateMachineAlias,
		"ListStateMachineAliases":          listStateMachineAliases,
		"TagResource":                      tagResource,
		"UntagResource":                    untagResource,
		"ListTagsForResource":              listTagsForResource,
		"StartExecution":                   startExecution,
		"StartSyncExecution":               startSyncExecution,
		"DescribeExecution":                describeExecution,
		"ListExecutions":                   listExecutions,
		"StopExecution":                    stopExecution,
		"RedriveExecution":                 redriveExecution,
		"GetExecutionHistory":              getExecutionHistory,
		"DescribeMapRun":                   describeMapRun,
		"ListMapRuns":                      listMapRuns,
		"UpdateMapRun":                     updateMapRun,
		"SendTaskSuccess":                  sendTaskSuccess,
		"SendTaskFailure":                  sendTaskFailure,
		"SendTaskHeartbeat":                sendTaskHeartbeat,
		"CreateActivity":                   createActivity,
		"DescribeActivity":                 describeActivity,
		"ListActivities":                   listActivities,
		"DeleteActivity":                   deleteActivity,
		"GetActivityTask":                  getActivityTask,
		"TestState":                        testState,
		"ValidateStateMachineDefinition":   validateStateMachineDefinition,
	}
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := newID()
	w.Header()["X-Amzn-Requestid"] = []string{id}
	out, err := s.serve(r)
	if err != nil {
		var refusal *sfn.Error
		if !errors.As(err, &refusal) {
			if r.Context().Err() != nil {
				refusal = &sfn.Error{Code: "ServiceUnavailable", Message: "The request was cancelled"}
			} else {
				s.log.Error("step functions action failed", "target", r.Header.Get("X-Amz-Target"), "request", id, "error", err.Error())
				refusal = &sfn.Error{Code: "InternalFailure", Message: "The request failed because of an internal error, request " + id}
			}
		}
		write(w, status(refusal.Code), errorBody(refusal))
		return
	}
	write(w, http.StatusOK, out)
}

// newID makes a request id: a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var text [36]byte
	out := hex.AppendEncode(text[:0], b[:4])
	for _, part := range [][]byte{b[4:6], b[6:8], b[8:10], b[10:]} {
		out = hex.AppendEncode(append(out, '-'), part)
	}
	return string(out)
}

func (s *server) serve(r *http.Request) (jsonval.Value, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	run := s.actions[name]
	if !ok || run == nil || r.Method != http.MethodPost || r.URL.Path != "/" {
		return jsonval.Value{}, unknownOperation(r.Header.Get("X-Amz-Target"))
	}
	body, err := readBody(r)
	if err != nil {
		return jsonval.Value{}, err
	}
	v, err := jsonval.Parse(body)
	if len(body) == 0 {
		v, err = jsonval.EmptyObject, nil
	}
	if err != nil {
		return jsonval.Value{}, serialization("The request body is not JSON: " + err.Error())
	}
	if v.Kind() != jsonval.ObjectKind {
		return jsonval.Value{}, serialization("The request body is not a JSON object")
	}
	return run(s, r.Context(), newRequest(v, r.Header))
}

func readBody(r *http.Request) ([]byte, error) {
	read, err := ReadBody(r)
	if err != nil {
		return nil, serialization("The request body ended early")
	}
	body := read.Text()
	if len(body) > maxBody {
		return nil, &sfn.Error{Code: "RequestEntityTooLargeException",
			Message: "The request body is longer than " + strconv.Itoa(maxBody) + " bytes"}
	}
	return body, nil
}

func unknownOperation(target string) *sfn.Error {
	if target == "" {
		return &sfn.Error{Code: "UnknownOperationException",
			Message: "Send a POST to / with the header X-Amz-Target: AWSStepFunctions.ACTION"}
	}
	return &sfn.Error{Code: "UnknownOperationException", Message: "This server has no action " + clip(target, 100)}
}

func serialization(message string) *sfn.Error {
	return &sfn.Error{Code: "SerializationException", Message: message}
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// status is the HTTP status of an error code: all refusals are 400 on AWS.
func status(code string) int {
	switch code {
	case "InternalFailure":
		return http.StatusInternalServerError
	case "ServiceUnavailable":
		return http.StatusServiceUnavailable
	case "RequestEntityTooLargeException":
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func errorBody(e *sfn.Error) jsonval.Value {
	var o jsonval.Object
	o.AddString("__type", e.Code).AddString("message", e.Message)
	if e.Reason != "" {
		o.AddString("reason", e.Reason)
	}
	return o.Value()
}

func write(w http.ResponseWriter, code int, body jsonval.Value) {
	h := w.Header() // names are in net/http's own spelling
	h["Content-Type"] = contentTypes
	h["Content-Length"] = []string{strconv.Itoa(len(body.Raw()))}
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(code)
	// A client that went away is no fault of ours and there is nobody left to tell.
	_, _ = w.Write(body.Raw())
}
