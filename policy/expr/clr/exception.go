package clr

// Exceptions that the library throws and that expressions may name.
var (
	TypeException         = Class("System.Exception")
	TypeArgument          = Class("System.ArgumentException")
	TypeArgumentNull      = Class("System.ArgumentNullException")
	TypeArgumentRange     = Class("System.ArgumentOutOfRangeException")
	TypeFormat            = Class("System.FormatException")
	TypeInvalidCast       = Class("System.InvalidCastException")
	TypeInvalidOperation  = Class("System.InvalidOperationException")
	TypeNotSupported      = Class("System.NotSupportedException")
	TypeNullReference     = Class("System.NullReferenceException")
	TypeIndexRange        = Class("System.IndexOutOfRangeException")
	TypeArithmetic        = Class("System.ArithmeticException")
	TypeOverflow          = Class("System.OverflowException")
	TypeDivideByZero      = Class("System.DivideByZeroException")
	TypeKeyNotFound       = Class("System.Collections.Generic.KeyNotFoundException")
	TypeCryptographic     = Class("System.Security.Cryptography.CryptographicException")
	TypeURIFormat         = Class("System.UriFormatException")
	TypeJSON              = Class("Newtonsoft.Json.JsonException")
	TypeJSONReader        = Class("Newtonsoft.Json.JsonReaderException")
	TypeJSONSerialization = Class("Newtonsoft.Json.JsonSerializationException")
)
