package console

import (
	"net/http"
	"strconv"

	"stile/internal/apim"
)

// descriptionsAPI gives APIs' descriptions back as their files have them, to who may
// call the API or read its traces.
func (c *console) descriptionsAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /-/v1/apis/{id}/specification", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if !c.may(r.Context(), "apim:Invoke", "api/"+id) && !c.may(r.Context(), readTrace, "api/"+id) {
			c.fail(w, r, c.permit(r.Context(), readTrace, "api/"+id))
			return
		}
		var d *apim.Description
		if c.Description != nil {
			d = c.Description(id, r.URL.Query().Get("revision"))
		}
		if d == nil {
			failure(w, http.StatusNotFound, "NotFound", "there is no description of API "+id)
			return
		}
		w.Header().Set("Content-Type", d.MediaType)
		w.Header().Set("Content-Length", strconv.Itoa(len(d.Text)))
		_, _ = w.Write([]byte(d.Text)) // the client may be gone
	})
}
