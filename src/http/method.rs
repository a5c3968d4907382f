//! The method of a request, and sets of methods.

use std::fmt;

/// The method of a request (RFC 9110 section 9), compared with regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `OPTIONS`.
    Options,
    /// Any other token.
    Other(Box<str>),
}

impl Method {
    /// The method as it stood in the request line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Options => "OPTIONS",
            Self::Other(token) => token,
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn from_token(token: &[u8]) -> Self {
        match token {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"OPTIONS" => Self::Options,
            _ => Self::Other(String::from_utf8_lossy(token).into()),
        }
    }
}

/// A set of the methods that have a name of their own here. Written as fields list them, such as
/// `GET, HEAD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// `GET` alone.
    pub const GET: Methods = Methods(1);
    /// `HEAD` alone.
    pub const HEAD: Methods = Methods(1 << 1);
    /// `POST` alone.
    pub const POST: Methods = Methods(1 << 2);
    /// `OPTIONS` alone.
    pub const OPTIONS: Methods = Methods(1 << 3);

    /// Every one of them.
    pub const ALL: Methods = Methods::GET
        .and(Methods::HEAD)
        .and(Methods::POST)
        .and(Methods::OPTIONS);

    /// The methods of this set and of the other.
    #[must_use]
    pub const fn and(self, other: Methods) -> Methods {
        Methods(self.0 | other.0)
    }

    /// Whether a method is in the set.
    #[must_use]
    pub fn contains(self, method: &Method) -> bool {
        let of_method = match method {
            Method::Get => Methods::GET,
            Method::Head => Methods::HEAD,
            Method::Post => Methods::POST,
            Method::Options => Methods::OPTIONS,
            Method::Other(_) => return false,
        };
        self.0 & of_method.0 != 0
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [Method::Get, Method::Head, Method::Post, Method::Options];
        let mut separator = "";
        for method in all.iter().filter(|method| self.contains(method)) {
            write!(f, "{separator}{}", method.as_str())?;
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_methods_it_was_made_of_and_lists_them() {
        let set = Methods::GET.and(Methods::HEAD).and(Methods::OPTIONS);
        for (token, is_in) in [
            ("GET", true),
            ("HEAD", true),
            ("POST", false),
            ("OPTIONS", true),
            ("get", false),
            ("DELETE", false),
        ] {
            let method = Method::from_token(token.as_bytes());
            assert_eq!((set.contains(&method), method.as_str()), (is_in, token));
        }
        assert_eq!(set.to_string(), "GET, HEAD, OPTIONS");
        assert_eq!(Methods::POST.to_string(), "POST");
    }
}
