package demo

import "net/http"

// Sample is a name of the table with the operations of its backend.
type Sample struct {
	Name       string
	Operations []Operation
}

// Samples is the table of the sample backends, in the order of the story.
func Samples() []Sample {
	return []Sample{
		{"inventory", []Operation{{"/reserve", reserve}, {"/release", release}}},
		{"payments", []Operation{{"/charge", charge}}},
		{"shipping", []Operation{{"/ship", ship}}},
		{"approvals", []Operation{{"/request", request}}},
	}
}

func reserve(id string, body map[string]any) (int, map[string]any) {
	if body["sku"] == nil || body["quantity"] == nil {
		return refuse("sku and quantity")
	}
	return http.StatusOK, map[string]any{"reservation": "res-" + id, "sku": body["sku"], "quantity": body["quantity"]}
}

func release(_ string, body map[string]any) (int, map[string]any) {
	if body["reservation"] == nil {
		return refuse("reservation")
	}
	return http.StatusOK, map[string]any{"released": body["reservation"]}
}

func charge(id string, body map[string]any) (int, map[string]any) {
	if body["amount"] == nil {
		return refuse("amount")
	}
	return http.StatusOK, map[string]any{"payment": "pay-" + id, "amount": body["amount"]}
}

func ship(id string, body map[string]any) (int, map[string]any) {
	if body["sku"] == nil {
		return refuse("sku")
	}
	return http.StatusOK, map[string]any{"tracking": "trk-" + id}
}

// request only takes the question: whoever holds the callback URL in its body
// (GET /_last shows it) answers by a POST on it.
func request(id string, body map[string]any) (int, map[string]any) {
	if body["callbackUrl"] == nil {
		return refuse("callbackUrl")
	}
	return http.StatusOK, map[string]any{"request": "apr-" + id}
}

func refuse(missing string) (int, map[string]any) {
	return http.StatusUnprocessableEntity, map[string]any{"error": "the request needs " + missing}
}
