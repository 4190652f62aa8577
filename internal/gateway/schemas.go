package gateway

import (
	"maps"
	"slices"

	"stile/internal/apim"
	"stile/policy"
)

// Schema gives a schema of the service.
func (v *values) Schema(id string) (policy.StoredSchema, bool) {
	s, ok := v.schemas[id]
	return s, ok
}

// Schemas lists the ids, sorted.
func (v *values) Schemas() []string { return slices.Sorted(maps.Keys(v.schemas)) }

func (c *compiler) readSchemas(svc *apim.Service, workspace string) map[string]policy.StoredSchema {
	out := map[string]policy.StoredSchema{}
	for _, s := range svc.Schemas {
		if s.Workspace == workspace {
			out[s.ID] = policy.StoredSchema{ID: s.ID, File: s.File, Text: s.Text, XML: s.XML}
		}
	}
	return out
}
