package apim

// Description is an API's description as its file has it, byte for byte.
type Description struct {
	File, Text string
	// Version is that of the language: 2.0, 3.0.3. MediaType is that of the text.
	Version, MediaType string
}

// Schema is a schema of the service, which validate-content names by schema-id.
type Schema struct {
	// ID is the plain name; Workspace is as in API.
	ID, Workspace string
	// XML says that the text is XML Schema; else it is JSON Schema.
	XML bool
	// Text stands in File.
	File, Text string
	Place      Place
}
