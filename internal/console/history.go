package console

import (
	"net/http"
	"strconv"

	"stile/internal/sfn"
	"stile/jsonval"
)

// showHistory answers an execution's events: all of them, oldest first, or with max a
// page and the token of the next one; reverse=true begins with the newest.
func (c *console) showHistory(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	q := r.URL.Query()
	in := sfn.HistoryPage{ExecutionARN: x.ARN, Page: sfn.Page{Token: q.Get("token")}}
	var err error
	if text := q.Get("max"); text != "" {
		if in.Max, err = strconv.Atoi(text); err != nil || in.Max < 1 || in.Max > 1000 {
			failure(w, http.StatusBadRequest, "BadQuery", "max must be a number from 1 to 1000")
			return
		}
	}
	switch q.Get("reverse") {
	case "", "false":
	case "true":
		in.Reverse = true
	default:
		failure(w, http.StatusBadRequest, "BadQuery", "reverse must be true or false")
		return
	}
	if in.Max == 0 && (in.Reverse || in.Token != "") {
		in.Max = 100
	}
	var list jsonval.Array
	write := c.events(r.Context(), x.ARN)
	if in.Max == 0 {
		events, err := c.history(r.Context(), x.ARN, 0)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		for _, ev := range events {
			list.Add(write(ev))
		}
		answer(w, http.StatusOK, wrap("events", list))
		return
	}
	events, next, err := c.Host.GetExecutionHistory(r.Context(), in)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, ev := range events {
		list.Add(write(ev))
	}
	var o jsonval.Object
	o.Add("events", list.Value())
	if next != "" {
		o.AddString("next", next)
	}
	answer(w, http.StatusOK, o.Value())
}
