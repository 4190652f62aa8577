package maprun

import (
	"bufio"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// The forms of results: WriterConfig's Transformation.
const (
	Whole   = "NONE"
	Compact = "COMPACT"
	Flat    = "FLATTEN"
)

// EachResult gives what one child adds to results in a form: Whole its execution
// with input and output, Flat the items of its output, any other its output.
func EachResult(x *sfn.Execution, form string, f func(jsonval.Value) error) error {
	switch {
	case form == Whole:
		return f(exported(x))
	case form != Flat || x.Output.Kind() != jsonval.ArrayKind:
		return f(x.Output)
	}
	var err error
	x.Output.EachItem(func(v jsonval.Value) bool {
		err = f(v)
		return err == nil
	})
	return err
}

// exported is a child execution as result files show it: DescribeExecution's answer
// in capitals.
func exported(x *sfn.Execution) jsonval.Value {
	var o jsonval.Object
	if x.Cause != nil {
		o.AddString("Cause", *x.Cause)
	}
	if x.Error != nil {
		o.AddString("Error", *x.Error)
	}
	o.AddString("ExecutionArn", x.ARN).AddString("Input", x.Input.Text()).Add("InputDetails", included()).AddString("Name", x.Name)
	if x.Output.Exists() {
		o.AddString("Output", x.Output.Text()).Add("OutputDetails", included())
	}
	o.AddInt("RedriveCount", x.RedriveCount)
	if x.Status == sfn.Succeeded {
		o.AddString("RedriveStatus", "NOT_REDRIVABLE").AddString("RedriveStatusReason", "Execution is SUCCEEDED and cannot be redriven")
	} else {
		o.AddString("RedriveStatus", "REDRIVABLE_BY_MAP_RUN")
	}
	o.AddString("StartDate", moment(x.StartDate)).AddString("StateMachineArn", x.StateMachineARN).AddString("Status", x.Status)
	if !x.StopDate.IsZero() {
		o.AddString("StopDate", moment(x.StopDate))
	}
	return o.Value()
}

// Pending is a child that never started as result files show it.
func Pending(childARN string, input jsonval.Value) jsonval.Value {
	a, _ := sfn.ParseARN(childARN)
	name := a.Sub
	a.Kind, a.Sub = "stateMachine", ""
	var o jsonval.Object
	o.AddString("ExecutionArn", childARN).AddString("Input", input.Text()).Add("InputDetails", included())
	return o.AddString("Name", name).AddString("StateMachineArn", a.String()).AddString("Status", "PENDING").Value()
}

func included() jsonval.Value {
	var o jsonval.Object
	return o.Add("Included", jsonval.OfBool(true)).Value()
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// File is a result file as it is written: a JSON array, or lines of JSON.
type File struct {
	w     *bufio.Writer
	lines bool
	n     int
}

// NewFile begins a file; the caller flushes w after End.
func NewFile(w *bufio.Writer, lines bool) *File { return &File{w: w, lines: lines} }

// Add writes one result.
func (f *File) Add(v jsonval.Value) error {
	switch {
	case f.lines:
	case f.n == 0:
		f.w.WriteByte('[') // a failure sticks: the next Write gives it
	default:
		f.w.WriteByte(',')
	}
	f.n++
	_, err := f.w.Write(v.Raw())
	if f.lines && err == nil {
		err = f.w.WriteByte('\n')
	}
	return err
}

// End writes what ends the file.
func (f *File) End() error {
	if f.lines {
		return nil
	}
	if f.n == 0 {
		f.w.WriteByte('[')
	}
	return f.w.WriteByte(']')
}
