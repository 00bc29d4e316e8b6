//! Edges of a graph whose nodes are numbers: two flat vectors, whatever the shape (compressed sparse rows).

pub(super) struct Edges {
    /// Where in `targets` each node's edges begin, and the end of the last one's.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    /// Lets `add` push the targets of each node in turn.
    pub(super) fn collect(nodes: usize, edges: usize, mut add: impl FnMut(usize, &mut Vec<u32>)) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        let mut targets = Vec::with_capacity(edges);
        for node in 0..nodes {
            starts.push(number(targets.len()));
            add(node, &mut targets);
        }
        starts.push(number(targets.len()));
        Self { starts, targets }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// How many edges each node has.
    pub(super) fn degrees(&self) -> impl Iterator<Item = u32> {
        self.starts.windows(2).map(|bounds| bounds[1] - bounds[0])
    }

    /// The same edges, from their targets to their origins.
    pub(super) fn reversed(&self) -> Self {
        let mut starts = vec![0_u32; self.starts.len()];
        self.targets.iter().for_each(|target| starts[*target as usize + 1] += 1);
        (0..self.len()).for_each(|node| starts[node + 1] += starts[node]);
        let mut next = starts.clone();
        let mut targets = vec![0; self.targets.len()];
        for node in 0..number(self.len()) {
            for &target in self.of(node) {
                let place = &mut next[target as usize];
                targets[*place as usize] = node;
                *place += 1;
            }
        }
        Self { starts, targets }
    }
}

/// Four bytes a number; four billion tasks would not fit into memory.
pub(super) fn number(n: usize) -> u32 {
    u32::try_from(n).expect("fewer than 2^32 tasks and dependencies")
}
