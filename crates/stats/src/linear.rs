//! Small dense linear algebra: column-major matrices, Householder QR with the pivoting a regression needs, Cholesky.

/// A matrix, stored column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    /// Entry (i, j) = f(i, j).
    #[must_use]
    pub fn from_fn(rows: usize, columns: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        let mut m = Self::zeros(rows, columns);
        for j in 0..columns {
            for i in 0..rows {
                m.data[j * rows + i] = f(i, j);
            }
        }
        m
    }

    /// The unit matrix.
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| f64::from(u8::from(i == j)))
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Entry at row i, column j. Panics outside.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[j * self.rows + i]
    }

    /// Sets the entry at row i, column j. Panics outside.
    pub fn set(&mut self, i: usize, j: usize, value: f64) {
        self.data[j * self.rows + i] = value;
    }

    /// Column j.
    #[must_use]
    pub fn column(&self, j: usize) -> &[f64] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// Column j, to change.
    pub fn column_mut(&mut self, j: usize) -> &mut [f64] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// This times a vector as long as there are columns.
    #[must_use]
    pub fn times(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rows];
        for (j, v) in v.iter().enumerate() {
            for (o, x) in out.iter_mut().zip(self.column(j)) {
                *o += x * v;
            }
        }
        out
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, j| self.at(j, i))
    }

    /// This times another matrix.
    #[must_use]
    pub fn product(&self, other: &Self) -> Self {
        let mut out = Self::zeros(self.rows, other.columns);
        for j in 0..other.columns {
            let column = self.times(other.column(j));
            out.column_mut(j).copy_from_slice(&column);
        }
        out
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// QR factorisation by Householder reflections. Columns that are a linear combination of earlier ones (their norm shrinks
/// below `tolerance` of what it was) are moved to the end and left out: the *first* columns of a model are kept, as
/// regression programs do, not the largest.
#[derive(Debug, Clone)]
pub struct Qr {
    reflected: Matrix,
    scale: Vec<f64>,
    pivot: Vec<usize>,
    rank: usize,
}

impl Qr {
    /// Factorises a matrix with at least as many rows as its rank. A usual tolerance is 1e-11.
    #[must_use]
    pub fn new(matrix: Matrix, tolerance: f64) -> Self {
        let (n, p) = (matrix.rows, matrix.columns);
        let mut m = matrix;
        let mut pivot: Vec<usize> = (0..p).collect();
        let mut original: Vec<f64> = (0..p).map(|j| dot(m.column(j), m.column(j)).sqrt()).collect();
        let mut scale = vec![0.0; p];
        let (mut l, mut end) = (0, p);
        while l < end && l < n {
            let norm = dot(&m.column(l)[l..], &m.column(l)[l..]).sqrt();
            if norm.is_nan() || norm <= tolerance * original[l] || norm == 0.0 {
                // to the end, the others close ranks
                let moved = m.column(l).to_vec();
                for j in l..p - 1 {
                    let next = m.column(j + 1).to_vec();
                    m.column_mut(j).copy_from_slice(&next);
                }
                m.column_mut(p - 1).copy_from_slice(&moved);
                pivot[l..].rotate_left(1);
                original[l..].rotate_left(1);
                end -= 1;
                continue;
            }
            let alpha = if m.at(l, l) > 0.0 { -norm } else { norm };
            // v = x - alpha e, normalised so that v'v = 2
            let column = m.column_mut(l);
            column[l] -= alpha;
            let length = dot(&column[l..], &column[l..]).sqrt();
            let factor = std::f64::consts::SQRT_2 / length;
            column[l..].iter_mut().for_each(|x| *x *= factor);
            scale[l] = alpha;
            let v = m.column(l)[l..].to_vec();
            for j in l + 1..p {
                reflect(&v, &mut m.column_mut(j)[l..]);
            }
            l += 1;
        }
        Self { reflected: m, scale, pivot, rank: l }
    }

    /// Number of independent columns.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Column `pivot()[j]` of the matrix stands at place j; those from `rank()` on were left out.
    #[must_use]
    pub fn pivot(&self) -> &[usize] {
        &self.pivot
    }

    fn r(&self, i: usize, j: usize) -> f64 {
        if i == j { self.scale[i] } else { self.reflected.at(i, j) }
    }

    /// Qᵀ y.
    #[must_use]
    pub fn rotated(&self, y: &[f64]) -> Vec<f64> {
        let mut y = y.to_vec();
        for l in 0..self.rank {
            reflect(&self.reflected.column(l)[l..], &mut y[l..]);
        }
        y
    }

    /// Least-squares coefficients in the order of the matrix; NaN for columns left out.
    #[must_use]
    pub fn solve(&self, y: &[f64]) -> Vec<f64> {
        let rotated = self.rotated(y);
        let mut b = rotated[..self.rank].to_vec();
        for i in (0..self.rank).rev() {
            for j in i + 1..self.rank {
                b[i] -= self.r(i, j) * b[j];
            }
            b[i] /= self.r(i, i);
        }
        let mut out = vec![f64::NAN; self.pivot.len()];
        for (place, value) in b.into_iter().enumerate() {
            out[self.pivot[place]] = value;
        }
        out
    }

    /// (XᵀX)⁻¹ of the kept columns in the order of the matrix; NaN rows and columns for those left out.
    #[must_use]
    pub fn inverse_gram(&self) -> Matrix {
        let k = self.rank;
        // R⁻¹, column by column
        let mut inverse = Matrix::zeros(k, k);
        for j in 0..k {
            inverse.set(j, j, 1.0 / self.r(j, j));
            for i in (0..j).rev() {
                let sum: f64 = (i + 1..=j).map(|l| self.r(i, l) * inverse.at(l, j)).sum();
                inverse.set(i, j, -sum / self.r(i, i));
            }
        }
        let p = self.pivot.len();
        let mut out = Matrix::from_fn(p, p, |_, _| f64::NAN);
        for a in 0..k {
            for b in 0..k {
                let sum: f64 = (a.max(b)..k).map(|l| inverse.at(a, l) * inverse.at(b, l)).sum();
                out.set(self.pivot[a], self.pivot[b], sum);
            }
        }
        out
    }

    /// Diagonal of the projection onto the columns: the leverage of each row.
    #[must_use]
    pub fn leverage(&self) -> Vec<f64> {
        let n = self.reflected.rows;
        let mut out = vec![0.0; n];
        for c in 0..self.rank {
            let mut q = vec![0.0; n];
            q[c] = 1.0;
            for l in (0..self.rank).rev() {
                reflect(&self.reflected.column(l)[l..], &mut q[l..]);
            }
            for (o, q) in out.iter_mut().zip(&q) {
                *o += q * q;
            }
        }
        out
    }
}

/// x := (I - v vᵀ) x for v with vᵀv = 2.
fn reflect(v: &[f64], x: &mut [f64]) {
    let t = dot(v, x);
    for (x, v) in x.iter_mut().zip(v) {
        *x -= t * v;
    }
}

/// Cholesky factor L of a symmetric positive definite matrix A = L Lᵀ.
#[derive(Debug, Clone)]
pub struct Cholesky {
    lower: Matrix,
}

impl Cholesky {
    /// `None` if the matrix is not positive definite to working precision. Only the lower triangle is read.
    #[must_use]
    pub fn new(matrix: &Matrix) -> Option<Self> {
        let n = matrix.rows;
        let mut l = Matrix::zeros(n, n);
        for j in 0..n {
            let sum: f64 = (0..j).map(|k| l.at(j, k) * l.at(j, k)).sum();
            let d = matrix.at(j, j) - sum;
            if d.is_nan() || d <= f64::EPSILON * matrix.at(j, j).abs() {
                return None;
            }
            let d = d.sqrt();
            l.set(j, j, d);
            for i in j + 1..n {
                let sum: f64 = (0..j).map(|k| l.at(i, k) * l.at(j, k)).sum();
                l.set(i, j, (matrix.at(i, j) - sum) / d);
            }
        }
        Some(Self { lower: l })
    }

    /// L.
    #[must_use]
    pub fn lower(&self) -> &Matrix {
        &self.lower
    }

    /// The x with A x = y.
    #[must_use]
    pub fn solve(&self, y: &[f64]) -> Vec<f64> {
        let n = self.lower.rows;
        let mut x = y.to_vec();
        for i in 0..n {
            let sum: f64 = (0..i).map(|k| self.lower.at(i, k) * x[k]).sum();
            x[i] = (x[i] - sum) / self.lower.at(i, i);
        }
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| self.lower.at(k, i) * x[k]).sum();
            x[i] = (x[i] - sum) / self.lower.at(i, i);
        }
        x
    }

    /// A⁻¹.
    #[must_use]
    pub fn inverse(&self) -> Matrix {
        let n = self.lower.rows;
        let mut out = Matrix::zeros(n, n);
        for j in 0..n {
            let mut e = vec![0.0; n];
            e[j] = 1.0;
            let x = self.solve(&e);
            out.column_mut(j).copy_from_slice(&x);
        }
        out
    }

    /// ln det A.
    #[must_use]
    pub fn ln_determinant(&self) -> f64 {
        (0..self.lower.rows).map(|i| 2.0 * self.lower.at(i, i).ln()).sum()
    }
}
