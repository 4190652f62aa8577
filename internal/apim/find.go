package apim

// Describe gives the description of a revision of an API, of the current one where
// revision is empty; nil where there is none.
func (s *Service) Describe(id, revision string) *Description {
	for _, a := range s.APIs {
		if a.ID == id && (revision == "" && a.IsCurrentRevision || revision != "" && a.Revision == revision) {
			return a.Description
		}
	}
	return nil
}
