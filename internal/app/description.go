package app

import "stile/internal/apim"

// description gives an API's description out of the project that is in use.
func (s *server) description(api, revision string) *apim.Description {
	return s.current.Load().APIM.Describe(api, revision)
}
