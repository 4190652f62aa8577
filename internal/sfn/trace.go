package sfn

// HTTPTrace is what an HTTP Task sent and got, as TestState tells it at TRACE.
type HTTPTrace struct {
	Request HTTPRequest
	// Response is nil where there was none.
	Response *HTTPResponse
}

// HTTPRequest is a request as InspectionDataRequest words it.
type HTTPRequest struct {
	Protocol, Method, URL string
	// Headers is one text: "[name: value, name: value]".
	Headers string
	// Body is empty where nothing was sent.
	Body string
}

// HTTPResponse is an answer as InspectionDataResponse words it.
type HTTPResponse struct {
	Protocol, StatusCode, StatusMessage string
	// Headers as in HTTPRequest.
	Headers, Body string
}
