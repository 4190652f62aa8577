package policy

// Codes of the diagnostics that this package and internal/policies report.
const (
	CodeMarkup        = "STL-P001" // the text is not well formed
	CodeExpressionEnd = "STL-P002" // an expression is not closed, or text follows it
	CodeRoot          = "STL-P003" // the root is neither policies nor fragment
	CodeSection       = "STL-P004" // unknown or repeated section
	CodePolicy        = "STL-P005" // no such policy
	CodeLacking       = "STL-P006" // APIM has it, this version of Stile does not
	CodeWrongSection  = "STL-P007"
	CodeWrongScope    = "STL-P008"
	CodeAttribute     = "STL-P009" // unknown attribute
	CodeNoAttribute   = "STL-P010" // a required attribute is missing
	CodeValue         = "STL-P011" // a value is not of its kind
	CodeChild         = "STL-P012" // unknown or repeated child element
	CodeNoChild       = "STL-P013" // a required child element, or text, is missing
	CodeText          = "STL-P014" // text where none may stand
	CodeNoExpression  = "STL-P015" // an expression where only a literal may stand
	CodeNamedValue    = "STL-P016" // no such named value
	CodeFragment      = "STL-P017" // no such fragment
	CodeFragmentLoop  = "STL-P018" // fragments include each other, or too deep
	CodeTwice         = "STL-P019" // a policy that may stand once stands twice
	CodeBackend       = "STL-P020" // no such backend
	CodeMixed         = "STL-P021" // warning: an expression inside literal text
	CodeNoBackend     = "STL-P022" // warning: no backend section
	CodeTooLarge      = "STL-P023" // the document is longer than MaxDocument
	CodeNoIdentity    = "STL-P024" // warning: no managed identity is configured
	CodeLiquid        = "STL-P040" // a Liquid template does not compile
	CodeLiquidOdd     = "STL-P041" // warning: a part of a Liquid template has no effect
	CodeLogger        = "STL-P042" // no such logger
	CodeSchema        = "STL-P045" // no such schema, or one that cannot be used
)

// MaxDocument is the longest policy document in bytes (APIM's limit, 256 KiB).
const MaxDocument = 256 << 10

// MaxFragmentDepth is how deep fragments may include each other.
const MaxFragmentDepth = 10
