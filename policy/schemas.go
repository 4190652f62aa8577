package policy

import "slices"

// StoredSchema is a schema of the service, which validate-content names by schema-id.
type StoredSchema struct {
	// ID is the name; File is where the text stands, for diagnostics.
	ID, File string
	// Text is JSON Schema, or XML Schema where XML is set. An empty one takes any value:
	// for hosts that check documents whose schemas are elsewhere.
	Text string
	XML  bool
}

// Schemed may be implemented by Values whose host keeps schemas.
type Schemed interface {
	Schema(id string) (StoredSchema, bool)
	// Schemas lists the ids.
	Schemas() []string
}

// Schema gives an entry of Schemed.
func (f Fixed) Schema(id string) (StoredSchema, bool) {
	s, ok := f.Schemed[id]
	return s, ok
}

// Schemas lists the keys of Schemed, in no order.
func (f Fixed) Schemas() []string {
	ids := make([]string, 0, len(f.Schemed))
	for id := range f.Schemed {
		ids = append(ids, id)
	}
	return ids
}

// Schema gives a schema of the service by its id.
func (c *Compiler) Schema(id string) (StoredSchema, bool) {
	if v, ok := c.values.(Schemed); ok {
		return v.Schema(id)
	}
	return StoredSchema{}, false
}

// SchemaHint names the nearest id.
func (c *Compiler) SchemaHint(id string) string {
	var ids []string
	if v, ok := c.values.(Schemed); ok {
		ids = v.Schemas()
	}
	if len(ids) == 0 {
		return "add schemas/" + id + "/schemaInformation.json beside apis"
	}
	slices.Sort(ids)
	return nearest(id, ids, "the schemas are")
}
