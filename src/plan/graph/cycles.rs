//! The circles of a graph: its strongly connected components of more than one node, and nodes that point to themselves.

use super::edges::{Edges, number};

const UNSEEN: u32 = u32::MAX;

/// Each circle's nodes. Where they form one simple circle each is followed by one that it points to; else they are in
/// order. Each begins with its lowest node.
pub(super) fn cycles(edges: &Edges) -> Vec<Vec<u32>> {
    let is_circle = |members: &Vec<u32>| members.len() > 1 || edges.of(members[0]).contains(&members[0]);
    components(edges).into_iter().filter(is_circle).map(|members| in_path_order(edges, members)).collect()
}

fn in_path_order(edges: &Edges, mut members: Vec<u32>) -> Vec<u32> {
    members.sort_unstable();
    let mut path = vec![members[0]];
    while path.len() < members.len() {
        let last = path[path.len() - 1];
        let mut inside = edges.of(last).iter().filter(|next| members.binary_search(next).is_ok());
        match inside.next() {
            // The same one again is an arrow that was named twice.
            Some(next) if *next != members[0] && inside.all(|other| other == next) => path.push(*next),
            _ => return members,
        }
    }
    path
}

/// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972) with a stack of its own, since a chain of a
/// million tasks would overflow the thread's.
fn components(edges: &Edges) -> Vec<Vec<u32>> {
    let nodes = edges.len();
    let mut search = Search {
        order: vec![UNSEEN; nodes],
        lowest: vec![0; nodes],
        is_open: vec![false; nodes],
        open: Vec::new(),
        seen: 0,
        components: Vec::new(),
    };
    for node in 0..number(nodes) {
        if search.order[node as usize] == UNSEEN {
            search.descend(edges, node);
        }
    }
    search.components
}

struct Search {
    /// The place of each node in the order in which they were found.
    order: Vec<u32>,
    /// The earliest node, in that order, that is known to be reached from each.
    lowest: Vec<u32>,
    is_open: Vec<bool>,
    open: Vec<u32>,
    seen: u32,
    components: Vec<Vec<u32>>,
}

impl Search {
    fn descend(&mut self, edges: &Edges, root: u32) {
        let mut path = vec![(root, 0)];
        self.enter(root);
        while let Some((node, edge)) = path.last_mut() {
            let (node, next) = (*node, edges.of(*node).get(*edge).copied());
            *edge += 1;
            match next {
                Some(next) if self.order[next as usize] == UNSEEN => {
                    self.enter(next);
                    path.push((next, 0));
                }
                Some(next) if self.is_open[next as usize] => self.reach(node, self.order[next as usize]),
                Some(_) => {}
                None => {
                    path.pop();
                    self.close(node);
                    if let Some((parent, _)) = path.last() {
                        self.reach(*parent, self.lowest[node as usize]);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.order[node as usize] = self.seen;
        self.lowest[node as usize] = self.seen;
        self.seen += 1;
        self.is_open[node as usize] = true;
        self.open.push(node);
    }

    fn reach(&mut self, node: u32, order: u32) {
        let lowest = &mut self.lowest[node as usize];
        *lowest = (*lowest).min(order);
    }

    /// A node that reaches none before itself is the first of its component, and all that is open after it belongs to it.
    fn close(&mut self, node: u32) {
        if self.lowest[node as usize] == self.order[node as usize] {
            let first = self.open.iter().rposition(|open| *open == node).expect("a node is open until it is closed");
            let members = self.open.split_off(first);
            members.iter().for_each(|member| self.is_open[*member as usize] = false);
            self.components.push(members);
        }
    }
}
